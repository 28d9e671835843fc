"""Counts what values take as JSON at least, so that one without an end is not followed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from django_jobs.errors import UnserializableArgument

T = TypeVar("T")

LARGEST = 512 * 1024 * 1024
"""Bytes: the largest text that a backend may permit."""

LONG_TEXT = 1000
"""Characters: only longer texts are counted. Shorter ones cannot fill the memory."""


FINITE = frozenset({list, tuple, type({}.items())})
"""Types whose length is true: what they hold is counted at once."""


class OutOfRoom(UnserializableArgument):
    """A value takes more bytes as JSON than it may."""


class Room:
    """How many bytes the values of one tree may still take as JSON.

    So what has no end, or shares its parts so often that its text would fill the memory, is given
    up long before. What is counted is less than they take.

    Args:
        largest: how many bytes they may take together.
    """

    __slots__ = ("_largest", "_left")

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = self._left = largest

    def take(self, bytes: int) -> None:
        """Count some more bytes.

        Raises:
            OutOfRoom: all together are more than they may be.
        """
        self._left -= bytes
        if self._left < 0:
            raise OutOfRoom(f"It takes more than {self._largest:,} bytes as JSON.")

    def each(self, values: Collection[T]) -> Iterable[T]:
        """Return values, of which each takes a byte at least.

        Raises:
            OutOfRoom: as of `take`, or while they are followed.
        """
        if type(values) not in FINITE:
            return self._one_by_one(values)
        self.take(len(values))
        return values

    def _one_by_one(self, values: Iterable[T]) -> Iterator[T]:
        for value in values:
            self.take(1)
            yield value
