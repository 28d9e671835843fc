"""Releases the locks of `logging` that an interrupted thread may hold."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from operator import attrgetter
from typing import Any

RLock = type(threading.RLock())

# All handlers, also those that stand behind another one, and what guards the tree of loggers.
_handlers = attrgetter("_handlerList")
_lock_of_module = attrgetter("_lock")


def free_logging() -> None:
    """Release the locks of `logging` that the calling thread holds.

    `logging` takes a lock just before the block that releases it. A thread that is interrupted
    between the two keeps the lock, and every other thread that writes to the same log waits for
    ever. Call this only where the thread can't be in the middle of a log call.
    """
    for lock in _locks():
        if isinstance(lock, RLock):  # others can be released by threads that do not hold them
            _release(lock)


def _release(lock: Any) -> None:
    with suppress(RuntimeError):  # that of a release too many
        while True:
            lock.release()


def _locks() -> Iterator[Any]:
    yield _lock_of_module(logging)
    for reference in list(_handlers(logging)):
        handler = reference()
        if handler is not None:
            yield handler.lock
