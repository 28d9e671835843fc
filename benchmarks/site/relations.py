"""Jobs that have to do with others, of each kind that the measured checkout has."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import django_jobs
from benchmarks import jobs, place
from benchmarks.site.tasks import noop
from django_jobs import task

CUSTOMERS = 100
"""Keys among which jobs take turns, or are limited."""

LONGER_THAN_ANY_RUN = 600.0

Fill = Callable[[range], None]
FILLS: dict[str, Fill] = {}
"""How so many jobs of each kind are enqueued in one call."""

_closing = ExitStack()


def fill(kind: str) -> Callable[[Fill], Fill]:
    """Name what enqueues jobs of a kind."""

    def note(function: Fill) -> Fill:
        FILLS[kind] = function
        return function

    return note


def _limited(limit: Any) -> Callable[[Callable[..., None]], Any]:
    """Return a decorator for tasks of a checkout that has limits."""
    options: dict[str, Any] = {"limits": [limit]}
    decorator: Callable[[Callable[..., None]], Any] = task(**options)
    return decorator


@fill("plain")
def _fill_plain(numbers: range) -> None:
    noop.bulk_enqueue([(number,) for number in numbers])


if hasattr(django_jobs, "Unique"):

    @task(unique=django_jobs.Unique(by="number"))
    def noop_unique(number: int) -> None:
        """Do nothing; each job has a lock of its own."""
        jobs.noop(number)

    @task(fair_by="customer")
    def noop_fair(number: int, customer: int) -> None:
        """Do nothing, in turn."""
        jobs.noop(number)

    @fill("unique")
    def _fill_unique(numbers: range) -> None:
        noop_unique.bulk_enqueue([(number,) for number in numbers])

    @fill("fair")
    def _fill_fair(numbers: range) -> None:
        noop_fair.bulk_enqueue([(number, number % CUSTOMERS) for number in numbers])

    @fill("fair_keys")
    def _fill_fair_keys(numbers: range) -> None:
        noop_fair.bulk_enqueue([(number, number) for number in numbers])


if hasattr(django_jobs, "Limit"):
    Limit: Any = django_jobs.Limit

    @_limited(Limit(1_000_000, by="customer"))
    def noop_limited(number: int, customer: int) -> None:
        """Do nothing, under a limit that does not bind."""
        jobs.noop(number)

    @_limited(Limit(1, by="customer"))
    def noop_one_each(number: int, customer: int) -> None:
        """Do nothing, at the same time as no other job of the customer."""
        jobs.noop(number)

    @_limited(Limit(1, name="taken"))
    def noop_blocked(number: int) -> None:
        """Wait for the only slot, which `hold_slot` has."""
        jobs.noop(number)

    @_limited(Limit(1, name="taken"))
    def hold_slot() -> None:
        """Keep the slot until the worker is killed."""
        time.sleep(LONGER_THAN_ANY_RUN)

    @fill("limited")
    def _fill_limited(numbers: range) -> None:
        noop_limited.bulk_enqueue([(number, number % CUSTOMERS) for number in numbers])

    @fill("half_blocked")
    def _fill_half_blocked(numbers: range) -> None:
        if place.FIRST in numbers:
            hold_slot.enqueue()
        _fill_limited(numbers)
        noop_blocked.bulk_enqueue([(number,) for number in numbers])

    @fill("one_each")
    def _fill_one_each(numbers: range) -> None:
        noop_one_each.bulk_enqueue([(number, number % CUSTOMERS) for number in numbers])


if hasattr(django_jobs, "Batch"):
    Batch: Any = django_jobs.Batch
    _opened: list[Any] = []

    @fill("batch")
    def _fill_batch(numbers: range) -> None:
        """Add members to one batch, which is sealed when this process ends."""
        if not _opened:
            _opened.append(_closing.enter_context(Batch(name="bench")))
        _opened[0].bulk_enqueue(noop, [(number,) for number in numbers])


if hasattr(django_jobs, "Workflow"):
    Workflow: Any = django_jobs.Workflow

    @fill("workflow")
    def _fill_workflow(numbers: range) -> None:
        """Enqueue one workflow: its first node, and all others behind that one."""
        flow = Workflow("bench")
        first, *others = numbers
        root = flow.add(noop, first)
        for number in others:
            flow.add(noop, number, after=[root])
        flow.enqueue()


def close() -> None:
    """End what was opened for all calls."""
    _closing.close()
