"""Reads parameters of URLs and forms, and replaces invalid values by valid ones."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.http import QueryDict

Choice = TypeVar("Choice", bound=str)

LONGEST = 200


def whole(query: QueryDict, name: str, *, default: int, least: int, most: int) -> int:
    """Return an integer, limited to the bounds."""
    text = query.get(name, "").strip()
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        return default
    if len(digits) > 15:
        return least if text.startswith("-") else most
    return min(max(int(text), least), most)


def choice(query: QueryDict, name: str, choices: Collection[Choice], default: Choice) -> Choice:
    """Return one of the choices, or the default."""
    given = query.get(name, "")
    return next((one for one in choices if one == given), default)


def text(query: QueryDict, name: str) -> str:
    """Return text, stripped of surrounding whitespace and control characters, and truncated."""
    given = query.get(name, "").strip()
    return "".join(letter for letter in given if letter.isprintable())[:LONGEST]
