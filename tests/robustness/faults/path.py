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
        fits_if_killed: whether what is stored fits together at once if the process is killed. It
            does not while a worker has taken a wake-up with it, as others look without being woken
            only after a while; nor before all is repaired.
    """

    act: Callable[[], object]
    afterwards: Callable[[], object] = _nothing
    check: Callable[[], None] = _nothing
    fits_if_killed: bool = True


Path: TypeAlias = Callable[[Trial], PreparedPath]
"""Prepares a trial."""
