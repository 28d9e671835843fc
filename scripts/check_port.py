"""Checks that the port of the site is free before it starts."""

from __future__ import annotations

import errno
import socket
import sys

HOST = "127.0.0.1"
HIGHEST = 65_535


def complaint(value: str) -> str | None:
    """Return what is wrong with a port, or None if the site can listen on it."""
    if not value.isdecimal() or not 0 < int(value) <= HIGHEST:
        return f"PORT={value} is not a port: give a number from 1 to {HIGHEST}."
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(value)))
        except OSError as error:
            return _refusal(int(value), error)
    return None


def _refusal(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < HIGHEST else port - 1
        return f"Port {port} is taken by another program. Choose another one, such as PORT={other}."
    return f"Port {port} cannot be used ({error.strerror}). Choose another one, such as PORT=8123."


if __name__ == "__main__":
    sys.exit(complaint(sys.argv[1]))
