"""Writes JSON trees as text, and finds the value that JSON cannot represent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django_jobs.errors import UnserializableArgument
from django_jobs.serialization.encode import Path, not_serializable

_encoder = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)


def write(tree: Any) -> str:
    """Return the JSON text, or raise a ValueError without the path of the offending value."""
    text = _encoder.encode(tree)
    if not text.isascii():
        text.encode()
    return text


def find_offender(roots: dict[str, Any]) -> UnserializableArgument:
    """Find the number or text that JSON cannot represent, once writing has failed."""
    leaves = (leaf for root, tree in roots.items() for leaf in _leaves(tree, (root,)))
    path, value = next((path, value) for path, value in leaves if not _writable(value))
    return not_serializable(value, path)


def _leaves(tree: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    match tree:
        case dict():
            for key, value in tree.items():
                yield (*path, key), key
                yield from _leaves(value, (*path, key))
        case list() | tuple():
            for index, value in enumerate(tree):
                yield from _leaves(value, (*path, index))
        case _:
            yield path, tree


def _writable(value: Any) -> bool:
    try:
        write(value)
    except ValueError:
        return False
    return True
