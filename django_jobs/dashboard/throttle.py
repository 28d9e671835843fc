"""Limits failed login attempts, by address and in total."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

WINDOW = 300.0
"""Seconds for which a failed attempt counts."""

PER_ADDRESS = 10
IN_ALL = 100


class Throttle:
    """Counts the failed attempts in this process. Thread-safe.

    The total does not block an address that logged in successfully within the window.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: deque[tuple[float, str]] = deque()
        self._welcome: dict[str, float] = {}

    def seconds_to_wait(self, address: str) -> int:
        """Return for how many seconds an address is blocked, or 0 if it may try."""
        with self._lock:
            now = self._forget()
            own = [at for at, who in self._failures if who == address]
            if len(own) >= PER_ADDRESS:
                return _left(own[-PER_ADDRESS], now)
            if len(self._failures) >= IN_ALL and address not in self._welcome:
                return _left(self._failures[-IN_ALL][0], now)
            return 0

    def failed(self, address: str) -> None:
        """Count a failed attempt."""
        with self._lock:
            self._failures.append((self._clock(), address))

    def succeeded(self, address: str) -> None:
        """Exempt an address from the total limit after a successful attempt."""
        with self._lock:
            self._welcome[address] = self._clock()

    def forgive(self, address: str) -> None:
        """Forget the failed attempts from an address."""
        with self._lock:
            self._failures = deque(one for one in self._failures if one[1] != address)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._failures.clear()
            self._welcome.clear()

    def _forget(self) -> float:
        """Forget attempts older than the window, and return the current time."""
        now = self._clock()
        while self._failures and self._failures[0][0] <= now - WINDOW:
            self._failures.popleft()
        self._welcome = {who: at for who, at in self._welcome.items() if at > now - WINDOW}
        return now


def _left(since: float, now: float) -> int:
    return int(since + WINDOW - now) + 1


THROTTLE = Throttle()
"""The failed attempts at the dashboard of this process."""
