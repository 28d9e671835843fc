"""Validators: each checks and converts the value of one option, or raises a ValueError.

The message of the error lacks the name of the option, which the caller prepends. The text of a
validator, `str(validator)`, says which values it accepts, for messages and the reference.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeAlias, TypeGuard, TypeVar

T = TypeVar("T")
Validator: TypeAlias = Callable[[object], T]

MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR
YEAR = 365 * DAY

MAX_SHOWN_BITS = 1000
"""A message does not show whole numbers with more bits than this."""


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """Accepts whole numbers in a range; 5.0 becomes 5."""

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
    """Accepts numbers in a range."""

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
    """Accepts a duration in seconds or as a timedelta; returns seconds."""

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


@dataclass(frozen=True, slots=True)
class Optional(Generic[T]):
    """Accepts None, and what another validator accepts."""

    other: Validator[T]

    def __call__(self, value: object) -> T | None:
        return None if value is None else self.other(value)

    def __str__(self) -> str:
        return f"{self.other}, or None"


def _is_in_range(number: float, low: float, high: float) -> bool:
    """Return whether a number is in a range: NaN is in none, and True is not a number."""
    return not isinstance(number, bool) and low <= number <= high


def format_duration(seconds: float) -> str:
    """Return a duration as text, in the largest unit in which it is a whole number."""
    for unit, name in ((YEAR, "year"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if seconds and seconds % unit == 0:
            count = seconds // unit
            return f"{count:g} {name}{'s' if count != 1 else ''}"
    return f"{seconds:g} seconds"


def matching(pattern: str, rule: str) -> Validator[str]:
    """Return a validator for text that matches a pattern; the rule describes it in words."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise invalid_value(rule, value)
        return value

    return convert


_LEVEL = matching(
    "(?i:DEBUG|INFO|WARNING|ERROR|CRITICAL)", "DEBUG, INFO, WARNING, ERROR or CRITICAL"
)


def log_level(value: object) -> str | None:
    """Return the name of a log level in capitals, or None."""
    return None if value is None else _LEVEL(value).upper()


def boolean(value: object) -> bool:
    """Return True or False; 0 and 1 are refused."""
    if not isinstance(value, bool):
        raise invalid_value("True or False", value)
    return value


def string_list(value: object) -> tuple[str, ...]:
    """Return a list or tuple of non-empty texts as a tuple."""
    if not isinstance(value, (list, tuple)):
        raise invalid_value("a list of texts", value)
    for one in value:
        if not isinstance(one, str) or not one.strip("_- "):
            raise invalid_value("a list of texts, none of them empty", one)
    return tuple(value)


def secret(value: object) -> str | None:
    """Return a text that no message shows, or None if it is empty."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"give a text or None, not a value of type {type(value).__name__}.")
    return value or None


def is_clean_text(value: object, longest: int) -> TypeGuard[str]:
    """Return whether something is a text of at most so many characters, without surrogates."""
    if not isinstance(value, str) or len(value) > longest:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def invalid_value(wanted: str, value: object) -> ValueError:
    """Return the error for a value, which says what to give instead."""
    return ValueError(f"give {wanted}, not {short_repr(value)}.")


_short = reprlib.Repr()
_short.maxother = 80  # so that a datetime is shown as a whole


def short_repr(value: object) -> str:
    """Return a short text of any value, for a message."""
    if isinstance(value, int) and value.bit_length() > MAX_SHOWN_BITS:
        return "a number of hundreds of digits"  # Python versions write it differently
    try:
        return _short.repr(value)
    except Exception:  # noqa: BLE001 (a custom repr() may raise anything)
        return f"a value of type {type(value).__name__}"
