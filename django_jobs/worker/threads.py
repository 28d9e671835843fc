"""Threads that run ordinary functions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from django.db import connections

from django_jobs.job import Claim

from .attempt import Attempt, Site
from .executor import Executor, Held, MayStart, Settle
from .supervised import supervised
from .sync import run_with_connections
from .watchdog import Watchdog


class Threads(Executor):
    """A fixed number of threads that take claims from one backlog.

    A thread takes the next claim without a lock; locks are only for going to sleep and waking.

    Args:
        on_fatal: called when a thread can't go on.
        others: as for every executor.
    """

    def __init__(
        self,
        size: int,
        site: Site,
        watchdog: Watchdog,
        settle: Settle,
        may_start: MayStart,
        *,
        on_fatal: Callable[[], None],
    ) -> None:
        super().__init__(size, site, watchdog, settle, may_start)
        self._awake = threading.Condition()
        self._stopped = False
        self._running: dict[int, Attempt] = {}
        self.threads = [supervised(str(number), self._loop, on_fatal) for number in range(size)]

    def start(self) -> None:
        for thread in self.threads:
            thread.start()

    def submit(self, claims: Sequence[Claim]) -> None:
        self.backlog.add(claims)
        with self._awake:
            self._awake.notify(len(claims))

    @property
    def busy(self) -> int:
        return len(self._running)

    def running(self) -> tuple[Attempt, ...]:
        return tuple(self._running.copy().values())

    def stop(self) -> None:
        with self._awake:
            self._stopped = True
            self._awake.notify_all()

    def cut_short(self) -> None:
        """Nothing ends a thread: its late settlement is refused, or the process is over."""

    def _loop(self) -> None:
        while not self._stopped:
            held = self.backlog.take()
            if held is None:
                self._sleep()
            else:
                self._run(held)
        connections.close_all()

    def _sleep(self) -> None:
        with self._awake:
            if not self.backlog and not self._stopped:
                self._awake.wait()

    def _run(self, held: Held) -> None:
        me = threading.get_ident()
        attempt = self._running[me] = Attempt(held.claim, self._site, held.since)
        try:
            if self._may_start():
                settlement = run_with_connections(attempt, self._watchdog)
            else:
                settlement = attempt.give_back()
        finally:
            del self._running[me]
        self._settle(settlement)
