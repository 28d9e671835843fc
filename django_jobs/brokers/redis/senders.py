"""Numbers the pushes, so that Redis recognizes a late copy of one that it has stored."""

from __future__ import annotations

import os
import secrets
from collections import deque

from django_jobs.clock import now_us


class Sender:
    """Makes one push after the other.

    Attributes:
        name: unique, also among those of other processes.
    """

    __slots__ = ("_last", "name")

    def __init__(self) -> None:
        self.rename()

    def rename(self) -> None:
        """Take another name: a machine that was copied while it ran has the old one twice."""
        self.name = secrets.token_hex(6)
        self._last = 0

    def next_number(self) -> int:
        """Return a larger number than before, by which Redis can tell how old it is."""
        self._last = max(self._last + 1, now_us())
        return self._last


class Senders:
    """As many senders as there are pushes at a time, so that Redis remembers few of them."""

    def __init__(self) -> None:
        self._start_empty()

    def _start_empty(self) -> None:
        self._idle: deque[Sender] = deque()
        self._process = os.getpid()  # last, as another thread then takes what is idle

    def take(self) -> Sender:
        """Return one that nobody else uses until it is put back."""
        if self._process != os.getpid():
            self._start_empty()  # the process that forked this one goes on with its numbers
        try:
            return self._idle.pop()
        except IndexError:
            return Sender()

    def put_back(self, sender: Sender) -> None:
        """Let others use it, now that its push was answered or given up."""
        self._idle.append(sender)
