"""Lists the keys of a limit: those for which jobs wait, and others that are in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.inspection.limits import LimitKeyInfo
from django_jobs.jobs.records import State

RUNNING = 500
"""How many running jobs are looked at for the keys that they use."""

OTHERS = 100
"""How many keys are listed for which no job waits."""


class KeyList(NamedTuple):
    """A page of the keys of a limit.

    Attributes:
        waiting: keys for which jobs wait.
        others: some keys for which no job waits: paused ones, and those of running jobs.
        next_offset: of the next page, or None.
    """

    waiting: tuple[LimitKeyInfo, ...]
    others: tuple[LimitKeyInfo, ...] = ()
    next_offset: int | None = None


def list_keys(inspection: Inspection, limit_id: str, *, offset: int = 0, count: int) -> KeyList:
    """Return a page of the keys of a limit; the first one has keys for which no job waits."""
    found = inspection.limits.keys(limit_id, offset=offset, count=count + 1)
    return KeyList(
        waiting=found[:count],
        others=tuple(_others(inspection, limit_id)) if offset == 0 else (),
        next_offset=offset + count if len(found) > count else None,
    )


def search_keys(inspection: Inspection, limit_id: str, text: str, *, count: int) -> KeyList:
    """Return some keys whose values have a text; whatever is known of the key with that value."""
    waiting = inspection.limits.search(limit_id, text, count)
    exact = [key for key in inspection.limits.read(limit_id, [text]) if key.is_known]
    others = [key for key in _others(inspection, limit_id) if text in key.value]
    unseen = {key.value: key for key in (*exact, *others)}
    for key in waiting:
        unseen.pop(key.value, None)
    return KeyList(waiting=waiting, others=tuple(unseen.values()))


def _others(inspection: Inspection, limit_id: str) -> Iterator[LimitKeyInfo]:
    paused = inspection.limits.paused_keys(limit_id, OTHERS)
    running = inspection.jobs(State.RUNNING, limit=RUNNING)
    limits = (limit for record in running for limit in record.job.limits)
    used = {limit.value for limit in limits if limit.id == limit_id}
    values = {key.value for key in paused} | used
    for key in inspection.limits.read(limit_id, sorted(values)[:OTHERS]):
        if key.is_known and not key.waiting:
            yield key
