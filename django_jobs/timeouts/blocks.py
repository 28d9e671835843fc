"""Blocks of code that no time limit interrupts."""

from __future__ import annotations

import threading
from typing import Protocol


class Due(Protocol):
    """A time limit that may have run out while its thread could not be interrupted."""

    def deliver(self) -> None:
        """Raise the limit's exception, if it has run out and nothing was raised yet."""


class Thread:
    """A thread as its time limits see it.

    Attributes:
        blocks: how many uninterrupted blocks it has entered.
        limits: the time limits of what it runs, the outermost first.
    """

    def __init__(self) -> None:
        self.blocks = 0
        self.limits: tuple[Due, ...] = ()


class _Local(threading.local):
    thread: Thread | None = None


_local = _Local()


def this_thread() -> Thread:
    """Return the calling thread."""
    if _local.thread is None:
        _local.thread = Thread()
    return _local.thread


class _Uninterrupted:
    """A context manager whose block no time limit interrupts.

    A limit that runs out in the block raises its exception at the block's end. One that ran out
    just before raises it at the beginning, so that the block is not entered.
    """

    def __enter__(self) -> None:
        thread = _local.thread
        if thread is None or not thread.limits:
            return
        thread.blocks += 1
        try:
            _deliver(thread)
        except BaseException:
            thread.blocks -= 1
            raise

    def __exit__(self, *_: object) -> None:
        thread = _local.thread
        if thread is None or not thread.limits:
            return
        thread.blocks -= 1
        if not thread.blocks:
            _deliver(thread)


def _deliver(thread: Thread) -> None:
    for limit in thread.limits:
        limit.deliver()


uninterrupted = _Uninterrupted()
"""Use it as `with uninterrupted:`, in as many threads and as deeply nested as you like."""
