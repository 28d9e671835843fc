"""What a worker says in one call, and what it hears."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from django_jobs.job import Claim, Settlement


class Lane(StrEnum):
    """Calls one after the other, with numbers of their own that grow from 1.

    A worker may have a call under way on each at the same time. The values are in names of keys.
    """

    FIRST = "r"
    SECOND = "o"
    APART = "a"


@dataclass(frozen=True, slots=True)
class Share:
    """How many jobs of one reservation a queue may give before the others had their part."""

    queue: str
    quota: int


class Call(NamedTuple):
    """What a worker reports and wants; it may be sent again as it is.

    Attributes:
        number: one more than that of the last call on the lane.
        shares: the queues to take from.
        limit: how many jobs at most; 0 only settles and promotes.
        settlements: how finished attempts ended.
        lane: where the call is made.
    """

    number: int
    shares: Sequence[Share]
    limit: int
    settlements: Sequence[Settlement] = ()
    lane: Lane = Lane.FIRST


@dataclass(frozen=True, slots=True)
class Patience:
    """For what, and for how long, a call waits before it takes jobs.

    Attributes:
        queues: names of queues; empty for every queue.
        seconds: at most.
    """

    queues: Collection[str]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The answer to one call.

    Attributes:
        claims: what the worker may run now, in the order in which it should start them.
        refused: ids of settlements that changed nothing, as their claim was no longer held.
        due_in: milliseconds until the next scheduled or retrying job is due, or None.
        buried: ids of jobs that could not be claimed and are dead, as what is stored for them can't
            be read.
    """

    claims: tuple[Claim, ...] = ()
    refused: tuple[str, ...] = ()
    due_in: int | None = None
    buried: tuple[str, ...] = ()


Answer: TypeAlias = Callable[[], Reservation]
"""Waits for the answer to a call, and returns it."""
