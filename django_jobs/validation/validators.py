"""Converters that check the value of one option: each returns it, or raises a ValueError.

The error is a sentence without its subject; the caller puts the name of the option in front. The
text of a converter, `str(converter)`, says which values it takes, for messages and the reference.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypeVar

T = TypeVar("T")
Validator: TypeAlias = Callable[[object], T]

MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR
YEAR = 365 * DAY

MAX_SHOWN_BITS = 1000
"""Bits of a whole number from which on a message does not show it."""


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """Converts whole numbers in a range; 5.0 becomes 5."""

    low: int
    high: int

    def __call__(self, value: object) -> int:
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if not isinstance(number, int) or not _is_in_range(number, self.low, self.high):
            raise invalid_value(str(self), value)
        return number

    def __str__(self) -> str:
        return f"a whole number from {self.low:,} to {self.high:,}"


@dataclass(frozen=True, slots=True)
class Number:
    """Converts numbers in a range."""

    low: float
    high: float

    def __call__(self, value: object) -> float:
        if not isinstance(value, (int, float)) or not _is_in_range(value, self.low, self.high):
            raise invalid_value(str(self), value)
        return float(value)

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Duration:
    """Converts a time in seconds, which may be given as a timedelta."""

    low: float
    high: float

    def __call__(self, value: object) -> float:
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if not isinstance(number, (int, float)) or not _is_in_range(number, self.low, self.high):
            raise invalid_value(str(self), value)
        return float(number)

    def __str__(self) -> str:
        low, high = format_duration(self.low), format_duration(self.high)
        return f"seconds or a timedelta, from {low} to {high}"


def _is_in_range(number: float, low: float, high: float) -> bool:
    """Tell whether a number is in a range: NaN is in none, and True is no number."""
    return not isinstance(number, bool) and low <= number <= high


def format_duration(seconds: float) -> str:
    """Return a time in the largest unit in which it is a whole number."""
    for unit, name in ((YEAR, "year"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds and seconds % unit == 0:
            count = seconds // unit
            return f"{count:g} {name}{'s' if count != 1 else ''}"
    return f"{seconds:g} seconds"


def matching(pattern: str, rule: str) -> Validator[str]:
    """Make a converter for text that matches a pattern, which the rule says in words."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise invalid_value(rule, value)
        return value

    return convert


def boolean(value: object) -> bool:
    """Return True or False; nothing else is one of them."""
    if not isinstance(value, bool):
        raise invalid_value("True or False", value)
    return value


def string_list(value: object) -> tuple[str, ...]:
    """Return a list or tuple of texts, none of them empty, as a tuple."""
    if not isinstance(value, (list, tuple)):
        raise invalid_value("a list of texts", value)
    for one in value:
        if not isinstance(one, str) or not one.strip("_- "):
            raise invalid_value("a list of texts, none of them empty", one)
    return tuple(value)


def secret(value: object) -> str | None:
    """Return text that no message ever shows, or None for an empty one."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"give a text or None, not a value of type {type(value).__name__}.")
    return value or None


def invalid_value(wanted: str, value: object) -> ValueError:
    """Return the error for a value, which says what is wanted instead."""
    return ValueError(f"give {wanted}, not {short_repr(value)}.")


_short = reprlib.Repr()
_short.maxother = 80  # so that a datetime is shown as a whole


def short_repr(value: object) -> str:
    """Return how a value looks in a message, whatever it is."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN_BITS:
        return "a number of hundreds of digits"  # Python's versions differ in what they write
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 (a repr() of somebody's own)
        return f"a value of type {type(value).__name__}"
