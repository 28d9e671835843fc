"""The ticks of periodic tasks that were claimed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django_jobs.brokers.constants import TICK_AHEAD_MS
from django_jobs.jobs.ticks import Tick


class Ticks:
    """Keeps the latest claimed tick of each periodic task.

    Args:
        now: the clock of the broker, in Unix milliseconds.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._claimed: dict[str, int] = {}

    def latest(self) -> Mapping[str, int]:
        """Return the latest tick of each name, in Unix milliseconds."""
        return {name: at for name, at in self._claimed.items() if self._counts(at)}

    def claim(self, tick: Tick) -> bool:
        """Claim a tick, unless another one than its `last` was claimed; return whether it could."""
        claimed = self._claimed.get(tick.name)
        if claimed is not None and not self._counts(claimed):
            claimed = None
        if claimed != tick.last or not self._counts(tick.at):
            return False
        self._claimed[tick.name] = tick.at
        return True

    def in_the_future(self) -> Sequence[str]:
        """Return the names whose latest tick is from a clock that was ahead."""
        return [name for name, at in self._claimed.items() if not self._counts(at)]

    def forget(self, name: str) -> None:
        """Forget the latest tick of a name."""
        self._claimed.pop(name, None)

    def _counts(self, tick: int) -> bool:
        """Return whether a tick is not from a clock that was ahead."""
        return tick <= self._now() + TICK_AHEAD_MS
