"""The broker in memory takes no more memory for the jobs that it has forgotten."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.memory.indexes import SUCCEEDED_KEPT
from tests.support.builders import make_jobs, succeeded
from tests.support.clock import START
from tests.support.driver import Driver

PORTION = 1000
MARGIN = 1.3
"""How much more the rest of a long day may take; it was twice as much with all kept in mind."""


@pytest.fixture(autouse=True)
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def taken() -> int:
    return tracemalloc.get_traced_memory()[0]


def test_jobs_that_ended_before_those_that_are_kept_take_no_memory() -> None:
    broker = MemoryBroker(now=lambda: START)
    worker = Driver(broker)

    def run(number: int) -> None:
        for _ in range(0, number, PORTION):
            broker.push(make_jobs(PORTION))
            worker.settle(*map(succeeded, worker.take(PORTION)))

    run(SUCCEEDED_KEPT)
    before = taken()
    run(3 * SUCCEEDED_KEPT)

    assert taken() < MARGIN * before


def test_jobs_that_were_deleted_before_they_were_due_take_no_memory() -> None:
    broker = MemoryBroker(now=lambda: START)

    def schedule_and_delete(number: int) -> None:
        for _ in range(0, number, PORTION):
            jobs = make_jobs(PORTION, run_at=START + 1)
            broker.push(jobs)
            for job in jobs:
                broker.inspection.delete(job.id)

    schedule_and_delete(3 * PORTION)
    before = taken()
    schedule_and_delete(20 * PORTION)

    assert taken() < 2 * before
