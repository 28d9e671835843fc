"""Ports of this machine that are free."""

from __future__ import annotations

import random
import socket
from contextlib import suppress

HOST = "127.0.0.1"


PORTS = (10_000, 32_000)


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens.

    It is none of those that the kernel gives to outgoing connections: one of them could have it
    before the server that it is for, or while that one is restarted, or find only itself there.
    """
    while True:
        # Not by the seed of the tests, which is the same in each process that runs some of them.
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
