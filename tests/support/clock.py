"""A broker's clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable

START = 1_800_000_000_000


class Clock:
    """A broker's clock in Unix milliseconds, which stands still until a test moves it."""

    def __init__(self) -> None:
        self._now = START
        self._listeners: list[Callable[[int], object]] = []

    def now(self) -> int:
        return self._now

    def advance(self, milliseconds: int) -> None:
        self._now += milliseconds
        for listener in self._listeners:
            listener(self._now)

    def tell(self, listener: Callable[[int], object]) -> None:
        """Call the listener with the time, now and after each move."""
        self._listeners.append(listener)
        listener(self._now)


CLOCK_KEY = "the time of the tests"


MOVABLE_CLOCK = f"""
local function clock()
  return tonumber(redis.call('GET', '{CLOCK_KEY}'))
end
"""
