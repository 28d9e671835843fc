"""What all ways to start worker processes have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from .channel import Channel


class Launched(NamedTuple):
    """A worker process that was started."""

    pid: int
    channel: Channel


class Launcher(ABC):
    """Starts worker processes that all run the same version of the site's code.

    Attributes:
        has_served: whether one of them has served its queues.
        failed_starts: how many of them have ended before they served any queue.
    """

    has_served = False
    failed_starts = 0

    @property
    @abstractmethod
    def is_loaded(self) -> bool:
        """Whether it can start processes."""

    @property
    @abstractmethod
    def is_gone(self) -> bool:
        """Whether it has ended, so that it will start no more processes."""

    @property
    @abstractmethod
    def channels(self) -> Sequence[Channel]:
        """What it is heard through."""

    @abstractmethod
    def launch(self) -> Launched:
        """Start a worker process.

        Raises:
            OSError: it cannot be started at the moment.
        """

    @abstractmethod
    def code_of(self, pid: int) -> int | None:
        """Return the exit code of a process that it has started, or None if it is not known."""

    @abstractmethod
    def look(self) -> None:
        """Notice what has happened. Never blocks."""

    @abstractmethod
    def kill(self) -> None:
        """Kill a process of its own that hangs; its worker processes go on."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds; its worker processes go on."""

    @abstractmethod
    def has_exited(self) -> bool:
        """Return whether no process of its own is left after it was closed or has ended."""
