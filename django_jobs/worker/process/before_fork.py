"""Prepares a process that has loaded the site for forks: no connection may get into a worker."""

from __future__ import annotations

import gc
import logging
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.core.cache import caches
from django.db import connections

logger = logging.getLogger("django_jobs")

DESCRIPTORS = Path("/dev/fd")
STANDARD = (0, 1, 2)
"""The descriptors of stdin, stdout and stderr, which all processes of a service share."""

MAX_NAMED = 5


def prepare_to_fork() -> None:
    """Close connections of the site, and warn of what cannot be closed from here.

    What is left in memory is exempt from garbage collection, which would write to it, so that each
    worker process would get a copy of its own.
    """
    _close_databases()
    _close_caches()
    gc.collect()
    for problem in (_open_connections(), _threads()):
        if problem:
            logger.warning("%s Otherwise use --no-preload.", problem)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()


def _close_databases() -> None:
    for connection in connections.all(initialized_only=True):
        connection.close()
        if getattr(connection, "_connection_pools", None):  # else it would make one to close it
            connection.close_pool()  # type: ignore[attr-defined]


def _close_caches() -> None:
    """Close the caches and forget them, with the connection pools that some of them have."""
    for cache in caches.all(initialized_only=True):
        cache.close()
    for alias in caches:
        with suppress(AttributeError):  # it was never used
            del caches[alias]


def _open_connections() -> str:
    """Return a warning about connections that worker processes would share, or ""."""
    peers = sorted(set(_peers()))
    if not peers:
        return ""
    return (
        f"The site opened connections while it was loaded, to {_named(peers)}. All worker processes"
        " would read and write them at once. Open them when they are first used."
    )


def _threads() -> str:
    """Return a warning about threads that worker processes would lack, or ""."""
    names = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    if not names:
        return ""
    return (
        f"The site started threads while it was loaded: {_named(names)}. They do not exist in"
        " worker processes, and a lock that one holds now stays locked there. Start them when they"
        " are first used, or with os.register_at_fork."
    )


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more


def _peers() -> Iterator[str]:
    """Yield to what this process is connected: by stream sockets that have a name."""
    for number in map(int, os.listdir(DESCRIPTORS)):
        with suppress(OSError):  # such as the descriptor of the listing itself
            if stat.S_ISSOCK(os.fstat(number).st_mode) and not _is_standard(number):
                yield from _peer(number)


def _is_standard(number: int) -> bool:
    """Return whether a descriptor is another one of stdin, stdout or stderr."""
    return any(os.path.sameopenfile(number, standard) for standard in STANDARD)


def _peer(descriptor: int) -> Iterator[str]:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.type == socket.SOCK_STREAM and (name := copy.getpeername()):
            yield f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)
