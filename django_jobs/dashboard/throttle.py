"""How often passwords and tokens may be tried before no more of them are looked at."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

WINDOW = 300.0
"""Seconds for which a failure counts."""

PER_ADDRESS = 10
IN_ALL = 100


class Throttle:
    """Counts failures in this process, by address and in all.

    An address that gave a right password or token within the window is not stopped by the failures
    of others. Safe to use from several threads.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: deque[tuple[float, str]] = deque()
        self._welcome: dict[str, float] = {}

    def seconds_to_wait(self, address: str) -> int:
        """Return for how long nothing from an address is looked at, or 0 if it may try."""
        with self._lock:
            now = self._forget()
            own = [at for at, who in self._failures if who == address]
            if len(own) >= PER_ADDRESS:
                return _left(own[-PER_ADDRESS], now)
            if len(self._failures) >= IN_ALL and address not in self._welcome:
                return _left(self._failures[-IN_ALL][0], now)
            return 0

    def failed(self, address: str) -> None:
        """Count a wrong password or token."""
        with self._lock:
            self._failures.append((self._clock(), address))

    def succeeded(self, address: str) -> None:
        """Let in an address that gave a right password or token, whatever others do."""
        with self._lock:
            self._welcome[address] = self._clock()

    def forgive(self, address: str) -> None:
        """Forget the failures of an address."""
        with self._lock:
            self._failures = deque(one for one in self._failures if one[1] != address)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._failures.clear()
            self._welcome.clear()

    def _forget(self) -> float:
        """Forget what is older than the window, and return the current time."""
        now = self._clock()
        while self._failures and self._failures[0][0] <= now - WINDOW:
            self._failures.popleft()
        self._welcome = {who: at for who, at in self._welcome.items() if at > now - WINDOW}
        return now


def _left(since: float, now: float) -> int:
    return int(since + WINDOW - now) + 1


THROTTLE = Throttle()
"""The failures at this process's dashboard."""
