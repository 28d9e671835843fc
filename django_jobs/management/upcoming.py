"""The lines of a starting worker about periodic tasks and their next ticks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from django_jobs.clock import from_ms, now_ms, to_ms
from django_jobs.errors import BrokerError
from django_jobs.management.formatting import format_count, format_time

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend
    from django_jobs.periodic_tasks.due import PeriodicTask
    from django_jobs.worker.worker import Worker

LISTED = 5
"""The most ticks that a worker lists."""


def next_ticks(backend: JobBackend, worker: Worker) -> Iterator[str]:
    """Yield how many periodic tasks a worker enqueues, and which are next.

    One of several processes names the first one only, as each of them says the same.

    Args:
        backend: knows which are switched off, if its broker answers.
        worker: enqueues them.
    """
    tasks = worker.periodic_tasks
    if not tasks:
        yield "No periodic tasks."
        return
    off = _switched_off(backend) if worker.holds_lease else frozenset()
    rows = _rows(tasks, off)
    counted = format_count(len(tasks), "periodic task")
    if len(rows) < len(tasks):
        counted += f", {len(tasks) - len(rows)} switched off"
    if not rows:
        yield f"{counted}."
    elif worker.options.replaceable:
        yield f"{counted}; next: {rows[0]}"
    else:
        yield f"{counted}:"
        yield from (f"  {row}" for row in rows[:LISTED])
        if len(rows) > LISTED:
            yield f"  and {len(rows) - LISTED:,} more: manage.py jobs periodic"


def _rows(tasks: Collection[PeriodicTask], off: Collection[str]) -> list[str]:
    """Return the next tick, name and line of each task that is switched on, the next one first."""
    now = from_ms(now_ms())
    ticks = [(each.schedule.next(now), each) for each in tasks if each.name not in off]
    ticks.sort(key=lambda pair: (pair[0], pair[1].name))
    return [f"{format_time(to_ms(tick))}  {each.name}  ({each.line})" for tick, each in ticks]


def _switched_off(backend: JobBackend) -> Collection[str]:
    try:
        return backend.broker.inspection.switched_off().keys()
    except BrokerError:
        return frozenset()  # what the broker lacks is in the warnings
