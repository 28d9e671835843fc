"""The types that arguments keep, although JSON lacks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django_jobs.errors import BrokenPayload

MODEL = "$model"
RESULT = "$result"
# Wraps a dict of the user that would otherwise be read as a tag.
ESCAPED_DICT = "$dict"

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TypeTag:
    """A type that travels as `{name: content}`.

    Attributes:
        name: begins with "$".
        dump: returns the JSON content of a value, or raises a ValueError with the reason.
        load: returns the value of such content.
    """

    name: str
    type: type
    dump: Callable[[Any], Any]
    load: Callable[[Any], Any]

    def restore(self, content: object) -> Any:
        """Return the value that `dump` wrote as `content`, or raise BrokenPayload."""
        try:
            return self.load(content)
        except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise BrokenPayload(f"The stored content of {self.name!r} cannot be read.") from error


def _dump_clock(value: datetime | time) -> str:
    """Return the ISO format, which keeps the UTC offset of an aware value, but not its zone."""
    if value.tzinfo is not None and value.utcoffset() is None:
        # Without a date, a zone such as Europe/Berlin has no offset: the value would become naive.
        raise ValueError(
            "its time zone has no fixed offset. Pass it naive, and the zone's name separately."
        )
    return value.isoformat()


TAGS = (
    TypeTag("$datetime", datetime, _dump_clock, datetime.fromisoformat),
    TypeTag("$date", date, date.isoformat, date.fromisoformat),
    TypeTag("$time", time, _dump_clock, time.fromisoformat),
    TypeTag(
        "$timedelta",
        timedelta,
        lambda value: value // _MICROSECOND,
        lambda content: timedelta(microseconds=content),
    ),
    TypeTag("$decimal", Decimal, str, Decimal),
    TypeTag("$uuid", UUID, str, UUID),
)
