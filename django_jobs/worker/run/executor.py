"""The contract of those that run jobs: threads and the event loop."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeAlias

from django_jobs.jobs.records import Claim, Settlement
from django_jobs.timeouts.watchdog import Watchdog

from .attempt import Attempt
from .context import RunContext

Settle = Callable[[Claim, Settlement], None]
MayStart = Callable[[], bool]


Held: TypeAlias = tuple[Claim, float]
"""A claim that waits in this worker, and the monotonic time in seconds of its arrival."""


class Backlog(deque[Held]):
    """Claims that have not started yet. Thread-safe without a lock."""

    def add(self, claims: Sequence[Claim]) -> None:
        self.extend(zip(claims, repeat(time.monotonic())))

    def take(self) -> Held | None:
        """Take the next claim, or None."""
        try:
            return self.popleft()
        except IndexError:
            return None

    def withdraw(self) -> list[Claim]:
        """Take all claims, the last one first: each goes back to the front of its queue."""
        claims = []
        while self:
            try:
                claims.append(self.pop()[0])
            except IndexError:
                break
        return claims

    def age(self) -> float:
        """Return the seconds for which the oldest claim has been waiting."""
        try:
            return time.monotonic() - self[0][1]
        except IndexError:
            return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the executors of one worker work with.

    Attributes:
        context: what all attempts have in common.
        watchdog: interrupts attempts that take too long.
        settle: called with each claim, and the settlement of its attempt.
        may_start: asked before each attempt; False once the worker's lease is over.
        on_fatal: called when a thread can't go on.
    """

    context: RunContext
    watchdog: Watchdog
    settle: Settle
    may_start: MayStart
    on_fatal: Callable[[], None]


class Executor(ABC):
    """Runs claims and settles each of them.

    Args:
        size: how many attempts it runs at a time.
        surroundings: what it works with.
    """

    def __init__(self, size: int, surroundings: Surroundings) -> None:
        self.size = size
        self.backlog = Backlog()
        self._context = surroundings.context
        self._watchdog = surroundings.watchdog
        self._settle = surroundings.settle
        self._may_start = surroundings.may_start

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
    def cancel(self, job_ids: Collection[str]) -> None:
        """End jobs as discarded that are running here and whose code can be interrupted."""

    @abstractmethod
    def cut_short(self) -> None:
        """Interrupt running attempts where that is possible; they are not settled."""

    @abstractmethod
    def stop(self) -> None:
        """End the threads once their backlog is empty."""
