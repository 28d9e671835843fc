"""The limits of jobs: what operators see of them, and change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from django_jobs.jobs.limits import LimitKind, kind_and_name


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
    """

    id: str
    n: int
    per: int
    own: int | None = None
    paused: bool = False
    keys: int = 0

    @property
    def kind(self) -> LimitKind:
        return kind_and_name(self.id)[0]

    @property
    def name(self) -> str:
        return kind_and_name(self.id)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKeyInfo:
    """A key of a limit at one moment.

    Attributes:
        value: by which its jobs are counted.
        holders: ids of the running jobs that hold its slots, in order; none of a rate.
        waiting: how many jobs wait for a slot.
        opens_at: when time alone gives it a free slot, in Unix milliseconds, or None.
    """

    value: str
    holders: tuple[str, ...]
    waiting: int
    opens_at: int | None


class Limits(ABC):
    """What operators do to limits. A limit is known once a job has met it."""

    @abstractmethod
    def all(self) -> tuple[LimitInfo, ...]:
        """Return the limits, by their ids."""

    @abstractmethod
    def keys(self, limit_id: str, count: int = 100) -> tuple[LimitKeyInfo, ...]:
        """Return some of the keys of a limit for which jobs wait, by their values."""

    @abstractmethod
    def key(self, limit_id: str, value: str) -> LimitKeyInfo:
        """Return one key of a limit; a key of which nothing is known is free."""

    @abstractmethod
    def set_number(self, limit_id: str, number: int | None) -> bool:
        """Give each key of a limit so many slots from now on, whatever the code declares.

        Jobs that run go on if they are more.

        Args:
            number: at least 1; None for what the code declares.

        Returns:
            Whether the limit is known.
        """

    @abstractmethod
    def pause(self, limit_id: str) -> bool:
        """Give no slots of a limit until it is resumed; return whether the limit is known."""

    @abstractmethod
    def resume(self, limit_id: str) -> bool:
        """Give slots again; return whether the limit is known."""
