"""A path: the calls to Redis that a test interrupts, and what must hold afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.robustness.faults.trial import Trial


def _nothing() -> None:
    """Most paths need nothing more."""


@dataclass(frozen=True, slots=True)
class PreparedPath:
    """A path that is ready to go.

    Attributes:
        act: makes the calls on the wire.
        afterwards: what a second worker does before it takes jobs.
        check: what must hold at the end, in addition to what always must.
        may_keep_a_marker: whether a worker that is killed takes a wake-up with it; others look
            without being woken after a while.
    """

    act: Callable[[], object]
    afterwards: Callable[[], object] = _nothing
    check: Callable[[], None] = _nothing
    may_keep_a_marker: bool = False


Path: TypeAlias = Callable[[Trial], PreparedPath]
"""Prepares a trial."""
