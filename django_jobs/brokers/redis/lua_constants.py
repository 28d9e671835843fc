"""Writes the shared constants as Lua, for the head of each script."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django_jobs.brokers import constants

from .key_types import KEY_TYPES

NAME = re.compile(r"\b[A-Z][A-Z_]+\b")
COMMENT = re.compile(r"--.*")

CONSTANTS: Mapping[str, Any] = {
    **{name: value for name, value in vars(constants).items() if NAME.fullmatch(name)},
    "KEY_TYPES": KEY_TYPES,
}


def definitions(script: str) -> str:
    """Return Lua that defines the constants that a script uses as its locals.

    Each call of a script runs these lines. A number costs it nothing to speak of; a table does, so
    a script gets no others than its own.
    """
    used = sorted(CONSTANTS.keys() & NAME.findall(COMMENT.sub("", script)))
    return "".join(f"local {name} = {literal(CONSTANTS[name])}\n" for name in used)


def literal(value: Any) -> str:
    """Return a number, a text, a list or a mapping of texts as Lua writes it."""
    match value:
        case str():
            return json.dumps(str(value))
        case int():
            return str(value)
        case Mapping():
            pairs = (f"[{literal(key)}] = {literal(each)}" for key, each in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case tuple():
            return f"{{ {', '.join(map(literal, value))} }}"
    raise TypeError(f"{value!r} can't be written as Lua.")
