"""Parameters of addresses and forms, where nonsense becomes the nearest sane value."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.http import QueryDict

Choice = TypeVar("Choice", bound=str)

LONGEST = 200


def whole(query: QueryDict, name: str, *, default: int, least: int, most: int) -> int:
    """Return a whole number between two bounds."""
    text = query.get(name, "").strip()
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit():
        return default
    if len(digits) > 15:
        return least if text.startswith("-") else most
    return min(max(int(text), least), most)


def choice(query: QueryDict, name: str, choices: Collection[Choice], default: Choice) -> Choice:
    """Return one of the choices."""
    given = query.get(name, "")
    return next((one for one in choices if one == given), default)


def text(query: QueryDict, name: str) -> str:
    """Return text without spaces around it or control characters in it, of a bounded length."""
    given = query.get(name, "").strip()
    return "".join(letter for letter in given if letter.isprintable())[:LONGEST]
