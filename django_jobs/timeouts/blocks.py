"""Blocks of code that no timeout interrupts."""

from __future__ import annotations

import threading
from typing import Protocol


class Due(Protocol):
    """A time limit that may have expired while its thread could not be interrupted."""

    def deliver(self) -> None:
        """Raise the limit's exception if it has expired and was not raised yet."""


class Thread:
    """The state of one thread that its time limits need.

    Attributes:
        blocks: how many uninterrupted blocks it is in.
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

    A limit that expires within the block raises its exception at the block's end. A limit that
    expired just before raises it at the beginning, so the block is not entered.
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
"""Use it as `with uninterrupted:`. It may be nested, and be used in several threads."""
