"""Functions that are cancelled while they run, or just after."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from django_jobs.errors import JobCancelled
from django_jobs.timeouts.blocks import this_thread, uninterrupted
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.worker.run.thread_guard import Cancellable, ThreadGuard
from tests.support.waiting import DEADLINE, wait_until

JOBS = 2_000


@pytest.fixture
def interrupted() -> list[str]:
    """The names of the threads in which a function was interrupted."""
    return []


@pytest.fixture
def watchdog(interrupted: list[str]) -> Iterator[Watchdog]:
    made = Watchdog(
        on_stuck=lambda _: None,
        on_interrupted=lambda: interrupted.append(threading.current_thread().name),
    )
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.close()
    thread.join(DEADLINE)


class Runner(threading.Thread):
    """Calls short functions one after the other; each counts up to a number of its own."""

    def __init__(self, running: Cancellable, watchdog: Watchdog, timeout: float | None) -> None:
        super().__init__(name="runner")
        self.running = running
        self.watchdog = watchdog
        self.timeout = timeout
        self.ended: dict[int, str] = {}
        self.strays: list[BaseException] = []

    def run(self) -> None:
        guard = ThreadGuard(self.running, self.watchdog)
        for number in range(JOBS):
            try:
                try:
                    self.ended[number] = guard.call(str(number), self.timeout, work)
                except JobCancelled:
                    self.ended[number] = "cancelled"
                for _ in range(number % 50):
                    pass  # between two jobs, where nothing may arrive
            except BaseException as error:
                self.strays.append(error)


def work() -> str:
    for _ in range(200):
        with uninterrupted:
            pass
    return "ended"


@pytest.mark.parametrize("timeout", [None, 3600.0])
def test_a_cancellation_hits_its_own_job_only(watchdog: Watchdog, timeout: float | None) -> None:
    running = Cancellable()
    runner = Runner(running, watchdog, timeout)
    gc.disable()  # Python ignores an error that strikes in a callback of the garbage collector
    try:
        runner.start()
        while runner.is_alive():
            for job_id, _ in list(running):
                running.cancel([job_id])
            time.sleep(0.0005)
    finally:
        runner.join(DEADLINE)
        gc.enable()

    assert runner.strays == []
    assert len(runner.ended) == JOBS
    assert set(runner.ended.values()) == {"ended", "cancelled"}


def test_an_uninterrupted_block_is_left_before_the_function_is_cancelled(
    watchdog: Watchdog, interrupted: list[str]
) -> None:
    running, entered, door = Cancellable(), threading.Event(), threading.Event()
    steps: list[str] = []

    def careful() -> None:
        with uninterrupted:
            entered.set()
            assert door.wait(DEADLINE)
            steps.append("whole")
        steps.append("never")

    def run() -> None:
        try:
            ThreadGuard(running, watchdog).call("job", None, careful)
        except JobCancelled:
            steps.append("cancelled")

    thread = threading.Thread(target=run, name="careful")
    thread.start()
    assert entered.wait(DEADLINE)
    running.cancel(["job"])
    running.cancel(["job"])
    door.set()
    thread.join(DEADLINE)

    assert steps == ["whole", "cancelled"]
    assert interrupted == ["careful"]
    assert not running


def test_a_job_that_is_not_running_is_not_cancelled(watchdog: Watchdog) -> None:
    running = Cancellable()
    running.cancel(["job"])
    results: list[str] = []

    def run() -> None:
        guard = ThreadGuard(running, watchdog)
        results.append(guard.call("job", None, work))
        running.cancel(["job"])
        results.append(guard.call("other", None, work))
        assert this_thread().blocks == 0

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(DEADLINE)

    wait_until(lambda: results == ["ended", "ended"], "a function was cancelled")


@pytest.mark.parametrize("cancelled", [False, True])
def test_two_attempts_of_one_job_are_told_apart(watchdog: Watchdog, cancelled: bool) -> None:
    """A worker that lost its lease may claim the same job again while the old attempt runs."""
    running, doors = Cancellable(), [threading.Event(), threading.Event()]
    ended: list[str] = []

    def attempt(door: threading.Event) -> None:
        def work() -> None:
            with uninterrupted:
                assert door.wait(DEADLINE)

        try:
            ThreadGuard(running, watchdog).call("job", None, work)
            ended.append("ended")
        except JobCancelled:
            ended.append("cancelled")

    threads = [threading.Thread(target=attempt, args=(door,), daemon=True) for door in doors]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(running) == 2, "an attempt did not begin")
    if cancelled:
        running.cancel(["job"])
    for door, thread in zip(doors, threads, strict=True):
        door.set()
        thread.join(DEADLINE)

    assert ended == ["cancelled" if cancelled else "ended"] * 2
    assert not running
