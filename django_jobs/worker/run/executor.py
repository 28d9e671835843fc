"""What the fetcher knows of those who run jobs: threads, and the event loop."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from django_jobs.jobs.records import Claim, Settlement
from django_jobs.timeouts.watchdog import Watchdog

from .attempt import Attempt, Site

Settle = Callable[[Settlement], None]
MayStart = Callable[[], bool]


class Held(NamedTuple):
    """A claim that waits for its start in this worker, since a monotonic time in seconds."""

    claim: Claim
    since: float


class Backlog(deque[Held]):
    """Claims that were reserved and have not started. Safe in threads without a lock."""

    def add(self, claims: Sequence[Claim]) -> None:
        now = time.monotonic()
        self.extend([Held(claim, now) for claim in claims])

    def take(self) -> Held | None:
        """Take the next claim, or None."""
        try:
            return self.popleft()
        except IndexError:
            return None

    def withdraw(self) -> list[Claim]:
        """Take all claims, the last one first, as they go back to the front of their queues."""
        claims = []
        while self:
            try:
                claims.append(self.pop().claim)
            except IndexError:
                break
        return claims

    def age(self) -> float:
        """Return for how many seconds the oldest claim has been waiting."""
        try:
            return time.monotonic() - self[0].since
        except IndexError:
            return 0.0


class Executor(ABC):
    """Runs claims, and settles each.

    Args:
        size: how many attempts it runs at a time.
        site: what all attempts have in common.
        watchdog: interrupts those that take too long.
        settle: told how each attempt ended.
        may_start: asked before each attempt; False once the worker's lease is over.
    """

    def __init__(
        self, size: int, site: Site, watchdog: Watchdog, settle: Settle, may_start: MayStart
    ) -> None:
        self.size = size
        self.backlog = Backlog()
        self._site = site
        self._watchdog = watchdog
        self._settle = settle
        self._may_start = may_start

    @abstractmethod
    def start(self) -> None:
        """Start the threads."""

    @abstractmethod
    def submit(self, claims: Sequence[Claim]) -> None:
        """Run claims as soon as there is room."""

    @property
    @abstractmethod
    def busy(self) -> int:
        """How many attempts are running."""

    @abstractmethod
    def running(self) -> tuple[Attempt, ...]:
        """Return the attempts that are running."""

    @abstractmethod
    def cut_short(self) -> None:
        """Interrupt what is running, as far as that can be done; nothing of it is settled."""

    @abstractmethod
    def stop(self) -> None:
        """Let the threads end when they have nothing left to do."""
