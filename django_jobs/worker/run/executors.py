"""The executors of a worker, as one that takes claims."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from inspect import iscoroutinefunction

from django_jobs.jobs.records import Claim
from django_jobs.tasks.registry import find_task

from .attempt import Attempt
from .event_loop import EventLoop
from .executor import Surroundings
from .threads import STALL, Threads

HOARDED = 0.1
"""Seconds after which claims that found no free thread go back to their queues."""


class Executors:
    """Threads for ordinary functions, and an event loop for coroutines.

    Args:
        threads: how many there are.
        coroutines: how many run at a time.
        surroundings: what both work with.
    """

    def __init__(self, threads: int, coroutines: int, surroundings: Surroundings) -> None:
        self._threads = Threads(threads, surroundings)
        self._loop = EventLoop(coroutines, surroundings)

    def start(self) -> None:
        """Start all threads."""
        self._threads.start()
        self._loop.start()

    def stop(self) -> None:
        """End each thread when it has nothing left to do."""
        self._threads.stop()
        self._loop.stop()

    def await_clean_up(self) -> None:
        """Give what was interrupted a moment to clean up; no thread is waited for."""
        self._loop.await_clean_up()

    def running(self) -> tuple[Attempt, ...]:
        """Return the attempts that are running."""
        return (*self._threads.running(), *self._loop.running())

    def cancel(self, job_ids: Collection[str]) -> None:
        """End jobs as discarded that are running here and whose code can be interrupted."""
        self._threads.cancel(job_ids)
        self._loop.cancel(job_ids)

    def cut_short(self) -> None:
        """Interrupt what is running, as far as that can be done; nothing of it is settled."""
        self._loop.cut_short()  # nothing ends a thread

    @property
    def free(self) -> int:
        """The number of idle threads."""
        return self._threads.size - self._threads.busy

    @property
    def waiting(self) -> int:
        """The number of claims that wait for a thread or for room in the event loop."""
        loop = self._loop
        return len(self._threads.backlog) + max(0, len(loop.backlog) + loop.busy - loop.size)

    def submit(self, claims: Sequence[Claim]) -> None:
        """Run functions in threads and coroutines in the event loop."""
        names = {(claim.job.task, claim.job.signature) for claim in claims}
        coroutines = {name for name, signature in names if runs_in_loop(name, signature)}
        if not coroutines:
            self._threads.submit(claims)
            return
        if in_threads := [claim for claim in claims if claim.job.task not in coroutines]:
            self._threads.submit(in_threads)
        self._loop.submit([claim for claim in claims if claim.job.task in coroutines])

    def withdraw(self) -> list[Claim]:
        """Take back all claims that have not started."""
        return [*self._threads.backlog.withdraw(), *self._loop.backlog.withdraw()]

    def withdraw_hoarded(self) -> list[Claim]:
        """Take back claims that have waited too long; another worker may be free."""
        return [
            claim
            for executor in (self._threads, self._loop)
            if executor.backlog.age() > HOARDED and executor.busy >= executor.size
            for claim in executor.backlog.withdraw()
        ]

    def wake_all(self) -> None:
        """Wake all threads; those that are awake may be busy with a long job."""
        self._threads.wake_all()

    def wake_if_stalled(self) -> None:
        """Wake all threads if claims wait and none has started lately."""
        self._threads.wake_all_if_stalled()

    def waits(self) -> Iterator[float]:
        """Yield the seconds after which claims may have to be taken back, or threads woken."""
        if self._threads.backlog and self.free:
            yield STALL
        if self._threads.backlog or self._loop.backlog:
            yield HOARDED / 2


def runs_in_loop(name: str, signature: str) -> bool:
    """Return whether a task is a coroutine function; False if it is not found."""
    try:
        return iscoroutinefunction(find_task(name, signature).func)
    except BaseException:  # noqa: BLE001 (the attempt meets it again and reports it)
        return False
