"""Writes the shared constants into Lua scripts."""

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


def with_constants(script: str) -> str:
    """Return a script with the constants that it uses: its lists as locals, all others in place.

    Each call of a script runs the lines that define locals, and Lua allows no more than 200 in one
    block. A number or a text that stands where it is used costs nothing.
    """
    used = CONSTANTS.keys() & NAME.findall(COMMENT.sub("", script))
    in_place = {
        name: literal(CONSTANTS[name]) for name in used if isinstance(CONSTANTS[name], str | int)
    }
    locals_ = sorted(used - in_place.keys())
    head = "".join(f"local {name} = {literal(CONSTANTS[name])}\n" for name in locals_)
    return head + NAME.sub(lambda found: in_place.get(found[0], found[0]), script)


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
