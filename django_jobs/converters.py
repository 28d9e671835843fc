"""Converters that check the value of one option: each returns it, or raises a ValueError.

The error is a sentence without its subject; who asks puts the option's name in front.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias, TypeVar

from django_jobs.retry import Retry

T = TypeVar("T")
Convert: TypeAlias = Callable[[object], T]


def whole(low: int, high: int) -> Convert[int]:
    """Make a converter for whole numbers in a range."""

    def convert(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _refusal(f"a whole number from {low} to {high}", value)
        return value

    return convert


def seconds(low: float, high: float) -> Convert[float]:
    """Make a converter for a time in seconds, which may be given as a timedelta."""

    def convert(value: object) -> float:
        number = value.total_seconds() if isinstance(value, timedelta) else value
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise _refusal(f"seconds or a timedelta from {low:g} to {high:g} seconds", value)
        if math.isnan(number) or not low <= number <= high:
            raise _refusal(f"seconds or a timedelta from {low:g} to {high:g} seconds", value)
        return float(number)

    return convert


def duration(low: float, high: float) -> Convert[timedelta]:
    """Make a converter for a timedelta, which may be given as seconds."""
    to_seconds = seconds(low, high)
    return lambda value: timedelta(seconds=to_seconds(value))


def matching(pattern: str, rule: str) -> Convert[str]:
    """Make a converter for text that matches a pattern, which the rule says in words."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            raise _refusal(rule, value)
        return value

    return convert


def switch(value: object) -> bool:
    """Return True or False; nothing else is one of them."""
    if not isinstance(value, bool):
        raise _refusal("True or False", value)
    return value


def texts(value: object) -> tuple[str, ...]:
    """Return a list or tuple of texts, none of them empty, as a tuple."""
    if not isinstance(value, (list, tuple)):
        raise _refusal("a list of texts", value)
    for one in value:
        if not isinstance(one, str) or not one.strip("_- "):
            raise _refusal("a list of texts, none of them empty", one)
    return tuple(value)


def secret(value: object) -> str | None:
    """Return text that no message ever shows, or None for an empty one."""
    if value is not None and not isinstance(value, str):
        raise ValueError(f"give a text or None, not a value of type {type(value).__name__}.")
    return value or None


def retry_policy(value: object) -> Retry | None:
    """Return a retry policy, or None for the default one."""
    if value is not None and not isinstance(value, Retry):
        raise _refusal("a django_jobs.Retry(…) or None", value)
    return value


def _refusal(wanted: str, value: object) -> ValueError:
    return ValueError(f"give {wanted}, not {reprlib.repr(value)}.")
