"""Messages to systemd, as `sd_notify(3)` describes them."""

from __future__ import annotations

import os
import socket
import time
from enum import Enum

LONGEST_NOTIFY = 1.0
"""Seconds that a message may wait for systemd to read earlier ones."""


def notify(*lines: str) -> None:
    """Send lines such as `READY=1` to the socket in NOTIFY_SOCKET, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.settimeout(LONGEST_NOTIFY)
            connection.sendto("\n".join(lines).encode(), address)
    except OSError:
        # The service manager may be gone or busy; a worker works without it.
        return


def watchdog_interval() -> float | None:
    """Return the seconds between two signs of life for systemd, or None if it expects none."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    own_pid = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or own_pid != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000 / 2


class Phase(Enum):
    """What systemd is told of a service's life."""

    STARTING = "STARTING"  # which systemd takes for granted
    READY = "READY=1"
    RELOADING = "RELOADING=1"
    STOPPING = "STOPPING=1"


class Service:
    """Tells systemd what this process does: each change once, and signs of life."""

    def __init__(self) -> None:
        self._phase = Phase.STARTING
        self._status = ""
        self._interval = watchdog_interval()
        self._next_sign = 0.0

    def capped(self, seconds: float) -> float:
        """Return how long to wait at most, so that the next sign of life is not late."""
        if not self._interval:
            return seconds
        return max(0.0, min(seconds, self._next_sign - time.monotonic()))

    @property
    def is_ready(self) -> bool:
        """Whether the process has served so far."""
        return self._phase in (Phase.READY, Phase.RELOADING)

    def ready(self, status: str) -> None:
        """Say that the process serves, and in a line what it does."""
        self._enter(Phase.READY, status)

    def reloading(self, status: str) -> None:
        """Say that new code is loaded, until the next time that the process is ready."""
        if self.is_ready:
            self._enter(Phase.RELOADING, status, f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, status: str) -> None:
        """Say that the process stops, and what is left to do."""
        self._enter(Phase.STOPPING, status)

    def tell(self, status: str) -> None:
        """Say in a line what the process does, in the same phase as before."""
        self._enter(self._phase, status)

    def show_life(self) -> None:
        """Give a sign of life if one is due."""
        now = time.monotonic()
        if self._interval and now >= self._next_sign:
            self._next_sign = now + self._interval
            notify("WATCHDOG=1")

    def _enter(self, phase: Phase, status: str, *details: str) -> None:
        lines = [phase.value, *details] if phase is not self._phase else []
        lines += [f"STATUS={status}"] if status != self._status else []
        self._phase, self._status = phase, status
        if lines:
            notify(*lines)
