"""Values on the command line, refused with a sentence where they are no good."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from django_jobs.options import RedisOptions


def checked(convert: Callable[[str], Any]) -> Callable[[str], Any]:
    """Let argparse show the sentence of a ValueError."""

    def converted(text: str) -> Any:
        try:
            return convert(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return converted


def at_least(low: int) -> Callable[[str], int]:
    """Return what reads a whole number that is not below another one."""

    def convert(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) < low:
            raise ValueError(f"give a whole number of at least {low}, not {text!r}.")
        return int(text)

    return convert


def option(name: str, number: Callable[[str], float]) -> Callable[[str], Any]:
    """Return what reads an option of the backends, with the range that it has in the settings.

    Args:
        name: of the option.
        number: `int` or `float`.
    """
    converters = {field.name: field.metadata["convert"] for field in fields(RedisOptions)}

    def convert(text: str) -> Any:
        try:
            value: object = number(text)
        except ValueError:
            value = text  # for the message that refuses it
        return converters[name](value)

    return checked(convert)


def seconds(text: str) -> float:
    """Return a number of seconds, of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"give seconds of at least 0, not {text!r}.")
    return value
