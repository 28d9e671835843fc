"""Ports of this machine that are free, and that no other process of the tests is given."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

HOST = "127.0.0.1"
PORTS = range(12_000, 22_000)
BLOCK = 100
TWIN = 10_000
"""How far above a node's port the other nodes of a Redis Cluster reach it. That port is outside of
`PORTS`, so it belongs to the test that has the first one."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which nobody listens, and which is returned only once.

    Neither it nor its twin is one of those that the kernel gives to outgoing connections: one of
    them could have it before the server that it is for, or while that one is restarted, or find
    only itself there.
    """
    with _lock:  # tests start servers in several threads
        return next(_ports)


def _free_ports() -> Iterator[int]:
    """Yield the free ports of blocks that belong to this process.

    A random port alone would now and then be one that another process of the tests was given for
    a server that has yet to start, or that is down for a moment.
    """
    while True:
        # Not by the seed of the tests, which is the same in each process that runs some of them.
        first = random.SystemRandom().choice(PORTS[::BLOCK])
        # The process that holds the first port of a block has the others.
        with socket.socket() as held, suppress(OSError):
            held.bind((HOST, first))
            yield from filter(_is_free, range(first + 1, first + BLOCK))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, socket.socket() as twin:
        try:
            probe.bind((HOST, port))
            twin.bind((HOST, port + TWIN))
        except OSError:
            return False
    return True


_lock = threading.Lock()
_ports = _free_ports()
