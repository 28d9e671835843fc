"""The thread pool backend blocks when it is full, and works as before once it is drained."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from django_jobs.backends.base import JobBackend
from django_jobs.errors import QueueFull
from django_jobs.jobs.records import State
from django_jobs.worker.fetch.room import MAX_AHEAD
from tests.apps.backend_site import tasks
from tests.robustness.load.brokers import TIMED
from tests.support.backend_fixtures import Configure, configure, fresh  # noqa: F401 (fixtures)
from tests.support.waiting import DEADLINE, wait_until

BOUND = 100
PRODUCERS = 8
EACH = 10_000 if TIMED else 250


def queued(backend: JobBackend) -> int:
    return backend.broker.inspection.counts()[State.QUEUED]


def test_a_flooded_pool_keeps_to_its_bound_and_runs_every_job(
    configure: Configure,  # noqa: F811
) -> None:
    backend = configure("thread_pool", concurrency=2, max_queued=BOUND, full_timeout=60)
    highest = [0] * PRODUCERS

    def produce(producer: int) -> None:
        for number in range(EACH):
            tasks.note.enqueue(f"{producer} {number}")
            highest[producer] = max(highest[producer], queued(backend))

    with ThreadPoolExecutor(PRODUCERS) as executor:
        list(executor.map(produce, range(PRODUCERS)))
    wait_until(lambda: len(tasks.seen) == PRODUCERS * EACH, "the run of every job")

    # What the worker had taken ahead and gave back again had left room for others.
    assert max(highest) <= BOUND + MAX_AHEAD
    assert set(Counter(tasks.seen).values()) == {1}


def fill() -> int:
    """Enqueue until the pool refuses; return how many jobs it took."""
    taken = 0
    with suppress(QueueFull):
        while True:
            tasks.note.enqueue(taken)
            taken += 1
    return taken


def test_a_pool_that_was_full_refuses_then_recovers(configure: Configure) -> None:  # noqa: F811
    backend = configure("thread_pool", concurrency=1, max_queued=BOUND, full_timeout=0.01)
    for _ in range(3):
        tasks.gate.clear()
        tasks.wait_at_gate.enqueue("running")
        assert tasks.at_gate.acquire(timeout=DEADLINE)
        tasks.seen.clear()

        taken = fill()
        tasks.gate.set()

        # Some may wait in the worker, which takes a few ahead when jobs were short.
        assert taken >= BOUND
        wait_until(lambda: len(tasks.seen) > taken, "the run of every job")  # noqa: B023
        assert Counter(tasks.seen) == Counter(["running", *range(taken)])
        assert queued(backend) == 0
