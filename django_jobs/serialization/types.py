"""The types that a job's arguments keep although JSON does not have them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django_jobs.errors import BrokenPayload

MODEL = "$model"
# A dict that a user gave and that would be read as one of these: it is wrapped in this one.
ESCAPED_DICT = "$dict"

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TypeTag:
    """A type that travels as `{name: content}`.

    Attributes:
        name: begins with "$".
        dump: makes the JSON content of a value; ValueError says why it cannot.
        load: makes the value again.
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
            raise BrokenPayload(f"What is stored as a {self.name!r} is not one.") from error


def _dump_clock(value: datetime | time) -> str:
    """Keep the offset from UTC of an aware value; the name of its zone is lost."""
    if value.tzinfo is not None and value.utcoffset() is None:
        # Without a date, a zone such as Europe/Berlin has no offset, so it would come back naive.
        raise ValueError(
            "its time zone has no fixed offset. Pass it naive, and the zone's name apart."
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
