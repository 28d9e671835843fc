"""A timeout while a job enqueues others: the broker stores all of them or none."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.errors import TaskTimeout
from django_jobs.jobs.records import State
from django_jobs.timeouts.limits import Limit
from django_jobs.timeouts.watchdog import Watchdog
from tests.support.builders import make_job, make_jobs
from tests.support.clock import START
from tests.support.driver import Driver
from tests.support.threads import in_threads
from tests.support.waiting import DEADLINE


class Strike(Watchdog):
    """Lets a limit fire at a chosen step of what it limits, as a busy machine may do."""

    def __init__(self, step: int) -> None:
        super().__init__(on_stuck=lambda _: None)
        self._left = step
        self.limit: Limit | None = None

    def watch(self, limit: Limit, seconds: float) -> None:
        self.limit = limit

    @property
    def struck(self) -> bool:
        return self._left <= 0

    def hits(self, work: Callable[[], object]) -> bool:
        """Do the work, and return whether the limit has ended it."""

        def traced() -> None:
            before = sys.gettrace()
            sys.settrace(self._trace)
            try:
                work()
            finally:
                sys.settrace(before)

        gc.disable()  # Python ignores an error that strikes in the __del__ of some other object
        try:
            self.call("job", 3600, traced)
        except TaskTimeout:
            return True
        finally:
            gc.enable()
        return False

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            assert self.limit
            firing = threading.Thread(target=self.limit.fire)
            firing.start()
            while firing.is_alive():
                pass
        return self._trace


every_step = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="Python 3.11 hangs when a trace function raises"
)


def strike_everywhere(
    prepare: Callable[[], MemoryBroker], work: Callable[[MemoryBroker], object]
) -> Iterator[MemoryBroker]:
    """Interrupt the work at each of its steps, and yield the broker after each."""
    step = 1
    while True:
        broker, strike = prepare(), Strike(step)
        hit = strike.hits(partial(work, broker))
        assert hit or not strike.struck, f"the timeout at step {step} was lost"
        yield broker
        if not strike.struck:
            return
        step += 1


def is_in_order(broker: MemoryBroker) -> bool:
    """Whether each job stands where it can be found, run and deleted, and the lock is free."""
    found: list[str] = []

    def look(_: int) -> None:
        inspection = broker.inspection
        listed = [one.job.id for state in State for one in inspection.jobs(state, limit=100)]
        counts = inspection.counts()
        assert sum(counts.values()) == len(listed) == len(set(listed))
        assert len(Driver(broker, "w").take(100)) == counts[State.QUEUED]
        found.extend(listed)

    in_threads(1, look)
    return True


@every_step
def test_a_push_is_stored_with_all_its_jobs_or_none() -> None:
    jobs = [*make_jobs(2), make_job(run_at=10 * START)]

    def push(broker: MemoryBroker) -> None:
        broker.push(jobs)

    numbers = set()
    for broker in strike_everywhere(lambda: MemoryBroker(now=lambda: START), push):
        numbers.add(sum(broker.inspection.counts().values()))
        assert is_in_order(broker)

    assert numbers == {0, 3}


@every_step
@pytest.mark.parametrize("name", ["cancel", "delete"])
def test_an_action_is_done_or_not(name: str) -> None:
    job = make_job()

    def prepare() -> MemoryBroker:
        broker = MemoryBroker(now=lambda: START)
        broker.push([job])
        return broker

    for broker in strike_everywhere(prepare, lambda it: getattr(it.inspection, name)(job.id)):
        assert is_in_order(broker)


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    """A watchdog that runs."""
    made = Watchdog(on_stuck=lambda _: None)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.close()
    thread.join(DEADLINE)


def test_real_timeouts_leave_all_jobs_of_a_push_or_none(watchdog: Watchdog) -> None:
    size, rounds = 1000, 30
    broker = MemoryBroker(max_queued=size * rounds)
    began = time.monotonic()
    broker.push(make_jobs(size))
    took = time.monotonic() - began

    for number in range(1, rounds):
        jobs = make_jobs(size)
        with suppress(TaskTimeout):
            watchdog.call("job", took * number / rounds, partial(broker.push, jobs))
        assert broker.inspection.counts()[State.QUEUED] % size == 0


def test_a_push_that_waits_for_room_can_be_interrupted(
    watchdog: Watchdog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.waits.LONGEST", 0.1)
    broker = MemoryBroker(max_queued=1, full_timeout=10 * DEADLINE)
    broker.push([make_job()])

    with pytest.raises(TaskTimeout, match="its timeout of"):
        watchdog.call("job", 0.05, lambda: broker.push([make_job()]))

    assert sum(broker.inspection.counts().values()) == 1
