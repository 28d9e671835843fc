"""The limits that hold for a job, and the keys under which jobs are counted."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote, unquote


class LimitKind(StrEnum):
    """What a limit counts: running jobs, or the starts of a period."""

    LIMIT = "c"
    RATE = "r"

    @property
    def word(self) -> str:
        """Its name for people: limit or rate."""
        return self.name.lower()


class JobLimit(NamedTuple):
    """A limit that holds for a job.

    Attributes:
        name: of the limit, which all jobs share that it counts.
        n: how many jobs may run at once, or start in a period.
        per: length of the period in milliseconds; 0 for jobs that run at once.
        value: jobs with different values are counted apart.
        declared_at: when the process that enqueued the job declared the limit, in Unix
            milliseconds. Of several numbers for one name the latest declared counts.
    """

    name: str
    n: int
    per: int = 0
    value: str = ""
    declared_at: int = 0

    @property
    def kind(self) -> LimitKind:
        """What it counts."""
        return LimitKind.RATE if self.per else LimitKind.LIMIT

    @property
    def id(self) -> str:
        """What its keys begin with."""
        return limit_id(self.kind, self.name)

    @property
    def key(self) -> str:
        """What is counted together: a text without spaces, and with one colon."""
        return limit_key(self.id, self.value)


def limit_id(kind: LimitKind, name: str) -> str:
    """Return what keys of a limit begin with: a text without spaces and colons."""
    return f"{kind}{quoted(name)}"


def limit_key(id_: str, value: str) -> str:
    """Return the key of a value."""
    return f"{id_}:{quoted(value)}"


def kind_and_name(id_: str) -> tuple[LimitKind, str]:
    """Return what `limit_id` was given."""
    return LimitKind(id_[:1]), unquote(id_[1:])


def value_of(key: str) -> str:
    """Return the value of a key."""
    return unquote(key.partition(":")[2])


def quoted(text: str) -> str:
    """Return how a name or a value, or a part of one, stands in a key."""
    return quote(text, safe="", errors="replace")  # lone surrogates can come from names of files
