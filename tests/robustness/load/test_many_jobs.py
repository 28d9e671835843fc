"""Each operation on one job takes the same work however many others wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.jobs.records import State
from tests.robustness.load.brokers import MANY, TIMED, Loaded, ratio
from tests.support.builders import given_back, make_jobs

MOST_BYTES = 450
"""What a small job that waits may take of Redis' memory."""

SLOWER = 2.0
NOISE = 4096
"""Bytes by which answers differ for other reasons: the length of numbers, and INFO itself."""


def enqueue(loaded: Loaded) -> None:
    loaded.broker.push(make_jobs(1))


def reserve(loaded: Loaded) -> None:
    claims = loaded.worker.take(10)
    assert len(claims) == 10
    loaded.worker.settle(*map(given_back, claims))


def page_at(part: float) -> Callable[[Loaded], None]:
    def page(loaded: Loaded) -> None:
        offset = int(part * (loaded.size - 400))  # some are cancelled by then
        assert len(loaded.broker.inspection.jobs(State.QUEUED, offset=offset, limit=50)) == 50

    return page


def numbers(loaded: Loaded) -> None:
    inspection = loaded.broker.inspection
    assert inspection.counts()[State.QUEUED] > 0
    assert inspection.queues()
    inspection.totals()


def cancel_in_the_middle(loaded: Loaded) -> None:
    assert loaded.broker.inspection.cancel(loaded.middle())


CALLS: dict[str, Callable[[Loaded], Any]] = {
    "enqueue": enqueue,
    "reserve": reserve,
    "first page": page_at(0),
    "page in the middle": page_at(0.5),
    "last page": page_at(1),
    "numbers": numbers,
    "cancel in the middle": cancel_in_the_middle,
}

Loads = tuple[Loaded, Loaded]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_takes_the_same_work_and_time_with_many_jobs(name: str, loads: Loads) -> None:
    for loaded in loads:
        loaded.work(CALLS[name])  # which loads its scripts
    few, many = (loaded.work(CALLS[name]) for loaded in loads)

    assert many[0] == few[0], f"commands: {few[0]} with few jobs, {many[0]} with many"
    assert abs(many[1] - few[1]) < NOISE, f"bytes: {few[1]} with few jobs, {many[1]} with many"
    if TIMED:
        assert ratio(loads, CALLS[name]) < SLOWER


@pytest.mark.timeout(600)
def test_a_small_job_that_waits_takes_little_memory(loads: Loads) -> None:
    each = loads[1].memory / MANY
    print(f"{each:.0f} bytes for each of {MANY:,} waiting jobs")

    assert each < MOST_BYTES
