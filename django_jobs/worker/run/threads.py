"""Threads that run ordinary functions."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence

from django.db import connections

from django_jobs.jobs.records import Claim
from django_jobs.waits import capped
from django_jobs.worker.supervision import supervised

from .attempt import Attempt
from .cpu_load import CpuLoad
from .db_connections import close_old_connections
from .executor import Executor, Held, Surroundings
from .function import run_with_connections
from .thread_guard import Cancellable, ThreadGuard

SHORT = 0.001
"""Seconds; jobs that take less on average wake one thread only."""

WEIGHT = 1 / 16
"""The weight of the last job in the average."""

STALL = 0.005
"""Seconds without the start of a job after which all threads are woken, if claims wait."""


class Threads(Executor):
    """A fixed number of threads that take claims from one backlog.

    A thread takes the next claim without a lock; locks are only for going to sleep and waking.
    Python runs one thread at a time, so many threads with short jobs only compete with each other
    and with the exchange loop. So short jobs wake one thread, which wakes another after each job
    that was not short; while it is busy with such a job, the exchange loop does. Of the threads
    that are awake with short jobs, all but one go to sleep, unless the interpreter has time for
    more. A thread with a long job that computes does not count, as the others would wait for it.
    """

    def __init__(self, size: int, surroundings: Surroundings) -> None:
        super().__init__(size, surroundings)
        self._awake = threading.Condition()
        self._asleep = 0
        self._stopped = False
        self._running: dict[int, Attempt] = {}
        self._cancellable = Cancellable()
        self._average = SHORT
        self._taken = self._taken_before = 0
        self._progress_at = 0.0
        self._load = CpuLoad()
        self.threads = [
            supervised(str(number), self._loop, surroundings.on_fatal) for number in range(size)
        ]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def submit(self, claims: Sequence[Claim]) -> None:
        self.backlog.add(claims)
        self._wake(1 if self._average < SHORT else len(claims))

    def wake_all(self) -> None:
        """Wake every thread to look for claims."""
        self._wake(self.size)

    def wake_all_if_stalled(self) -> None:
        """Wake every thread if claims wait and none has started for `STALL` seconds."""
        now = time.monotonic()
        if self._taken != self._taken_before:
            self._taken_before, self._progress_at = self._taken, now
        elif self.backlog and now - self._progress_at >= STALL:
            self.wake_all()

    def _wake(self, count: int) -> None:
        with self._awake:
            self._awake.notify(count)

    @property
    def busy(self) -> int:
        return len(self._running)

    def running(self) -> tuple[Attempt, ...]:
        return tuple(self._running.copy().values())

    def stop(self) -> None:
        with self._awake:
            self._stopped = True
            self._awake.notify_all()

    def cancel(self, job_ids: Collection[str]) -> None:
        self._cancellable.cancel(job_ids)

    def cut_short(self) -> None:
        """Nothing ends a thread: its late settlement is refused, or the process is over."""

    def _loop(self) -> None:
        guard = ThreadGuard(self._cancellable, self._watchdog)
        while not self._stopped:
            held = None if self._is_superfluous() else self.backlog.take()
            if held is None:
                self._sleep()
            else:
                self._run(held, guard)
        connections.close_all()

    def _is_superfluous(self) -> bool:
        awake = self.size - self._asleep
        return (
            awake > 1
            and self._average < SHORT
            and not self._load.leaves_room()
            and awake - self._with_long_jobs() > 1
        )

    def _with_long_jobs(self) -> int:
        began_by = time.monotonic() - STALL
        return sum(attempt.started <= began_by for attempt in self.running())

    def _sleep(self) -> None:
        with self._awake:
            if not self._stopped and (not self.backlog or self._is_superfluous()):
                self._asleep += 1
                self._awake.wait(capped())
                self._asleep -= 1
        close_old_connections()

    def _run(self, held: Held, guard: ThreadGuard) -> None:
        me = threading.get_ident()
        self._taken += 1
        claim, since = held
        attempt = self._running[me] = Attempt(claim, self._context, since)
        try:
            if self._may_start():
                outcome = run_with_connections(attempt, guard)
            else:
                outcome = attempt.give_back()
        finally:
            del self._running[me]
        self._settle(claim, outcome.settlement)
        self._learn(time.monotonic() - attempt.started)

    def _learn(self, duration: float) -> None:
        self._average += WEIGHT * (duration - self._average)
        # Without room, the job may only have waited for its turn among threads that compute.
        if duration >= SHORT and self.backlog and self._load.leaves_room():
            self._wake(1)
