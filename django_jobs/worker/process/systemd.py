"""Messages to systemd, as `sd_notify(3)` describes them."""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """Send lines such as `READY=1` to the socket in NOTIFY_SOCKET, if there is one."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.sendto("\n".join(lines).encode(), address)
    except OSError:
        # The service manager may be gone; a worker works without it.
        return


def watchdog_interval() -> float | None:
    """Return the seconds between two signs of life for systemd, or None if it expects none."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    own_pid = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdigit() or own_pid != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000 / 2
