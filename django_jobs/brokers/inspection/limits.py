"""The limits of jobs: what operators see of them, and change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django_jobs.brokers.constants import NO_DUE_TIME
from django_jobs.jobs.limits import LimitKind, kind_and_name
from django_jobs.validation.ranges import LIMIT, RATE

SHOWN_IDS = 10
"""How many running jobs, and how many waiting ones, are named of a key."""

SHOWN_LIMITS = 100
"""How many limits have figures of their own in metrics."""

PAUSED_UNTIL = NO_DUE_TIME
"""Until when an operator closes a key that is paused, in Unix milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitInfo:
    """A limit that jobs have met.

    Attributes:
        id: of the limit.
        n: how many slots each of its keys has, as the newest code declares it.
        per: length of the period in milliseconds; 0 for running jobs.
        own: what an operator said instead of `n`, or None.
        paused: whether it gives no slots.
        keys: for how many keys jobs wait.
        waiting: how many jobs wait.
    """

    id: str
    n: int
    per: int
    own: int | None = None
    paused: bool = False
    keys: int = 0
    waiting: int = 0

    @property
    def kind(self) -> LimitKind:
        return kind_and_name(self.id)[0]

    @property
    def name(self) -> str:
        return kind_and_name(self.id)[1]

    @property
    def number(self) -> int:
        """How many slots each of its keys has, unless it is paused."""
        return self.n if self.own is None else self.own

    @property
    def most(self) -> int:
        """The highest number that an operator may set."""
        return (RATE if self.per else LIMIT).high

    def is_of_task(self, path: str) -> bool:
        """Return whether it is the own limit of a task: its dotted path, or its last parts."""
        task = self.name.partition(" by ")[0]
        return task == path or task.endswith(f".{path}")


def busiest(limits: Iterable[LimitInfo], count: int) -> tuple[LimitInfo, ...]:
    """Return some limits, those for which most jobs wait first."""
    return tuple(sorted(limits, key=lambda limit: (-limit.waiting, limit.id))[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKeyInfo:
    """A key of a limit at one moment.

    Attributes:
        value: by which its jobs are counted.
        used: how many running jobs hold its slots, or have started in the present period.
        holders: ids of some of the running jobs that hold its slots, in order; none of a rate.
        waiting: how many jobs wait for a slot.
        waiters: ids of the first of these jobs, in the order in which they will start, by queue.
        opens_at: when time alone gives it a free slot, in Unix milliseconds, or None.
        paused: whether an operator lets it give no slots.
    """

    value: str
    used: int = 0
    holders: tuple[str, ...] = ()
    waiting: int = 0
    waiters: tuple[str, ...] = ()
    opens_at: int | None = None
    paused: bool = False

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell of it."""
        return bool(self.used or self.waiting or self.opens_at or self.paused)


class Limits(ABC):
    """What operators do to limits. A limit is known once a job has met it."""

    @abstractmethod
    def all(self) -> tuple[LimitInfo, ...]:
        """Return the limits, by their ids."""

    @abstractmethod
    def keys(self, limit_id: str, *, offset: int = 0, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        """Return some of the keys of a limit for which jobs wait, by their values.

        While the keys of a limit that was changed are looked at, those come last.
        """

    @abstractmethod
    def search(self, limit_id: str, text: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        """Return some of the keys of a limit for which jobs wait and whose values have a text."""

    @abstractmethod
    def read(self, limit_id: str, values: Sequence[str]) -> tuple[LimitKeyInfo, ...]:
        """Return keys of a limit; one of which nothing is known is free."""

    @abstractmethod
    def paused_keys(self, limit_id: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        """Return some of the keys that are paused, by their values."""

    def set_number(self, limit_id: str, number: int | None) -> bool:
        """Give each key of a limit so many slots from now on, whatever the code declares.

        Jobs that run go on if they are more.

        Args:
            number: as in a declaration; None for what the code declares.

        Returns:
            Whether the limit is known.

        Raises:
            ValueError: the number is out of range; the message says what to give.
        """
        known = next((one for one in self.all() if one.id == limit_id), None)
        if known is None:
            return False
        if number is not None and not 1 <= number <= known.most:
            raise ValueError(f"give a whole number from 1 to {known.most:,}, not {number:,}.")
        return self._set_number(limit_id, number)

    @abstractmethod
    def _set_number(self, limit_id: str, number: int | None) -> bool:
        """Set a number that is in range."""

    @abstractmethod
    def pause(self, limit_id: str) -> bool:
        """Give no slots of a limit until it is resumed; return whether the limit is known."""

    @abstractmethod
    def resume(self, limit_id: str) -> bool:
        """Give slots again; return whether the limit is known."""

    @abstractmethod
    def pause_key(self, limit_id: str, value: str) -> bool:
        """Give no slots of a key until it is resumed; return whether the limit is known."""

    @abstractmethod
    def resume_key(self, limit_id: str, value: str) -> bool:
        """Give slots of a key again, also if `LimitReached` has closed it.

        Returns:
            Whether the limit is known.
        """
