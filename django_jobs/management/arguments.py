"""Converters for command-line arguments, with error messages that say what to give."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from django_jobs.conf.redis_options import RedisOptions


def checked(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    """Wrap a converter so that argparse shows the message of its ValueError."""

    def converted(text: str) -> Any:
        try:
            return convert(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return converted


def at_least(low: int) -> Callable[[str], int]:
    """Return a converter for whole numbers of at least `low`."""

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) < low:
            raise ValueError(f"give a whole number of at least {low}, not {text!r}.")
        return int(text)

    return convert


def option(name: str, read: Callable[[str], object]) -> Callable[[str], Any]:
    """Return a converter for a backend option, with the same range as in the settings.

    Args:
        name: the name of the option.
        read: `int`, `float` or `str`.
    """
    converters = {field.name: field.metadata["convert"] for field in fields(RedisOptions)}

    def convert(text: str) -> Any:
        try:
            value = read(text)
        except ValueError:
            value = text  # the validator refuses it with a message
        return converters[name](value)

    return checked(convert)


def seconds_of_at_least(low: float) -> Callable[[str], float]:
    """Return a converter for numbers of seconds of at least `low`."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not low <= value < float("inf"):
            raise ValueError(f"give a number of seconds of at least {low:g}, not {text!r}.")
        return value

    return convert
