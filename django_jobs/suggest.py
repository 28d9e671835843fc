"""Error sentences for unknown names, with a suggestion."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

NO_SYNONYMS: Mapping[str, str] = MappingProxyType({})


def unknown_name(
    kind: str, name: object, valid: Iterable[str], synonyms: Mapping[str, str] = NO_SYNONYMS
) -> str:
    """Return a sentence that rejects a name and suggests the nearest valid one.

    Args:
        kind: the kind of thing that the name should identify, such as "option".
        name: the unknown name.
        valid: the valid names, in the order in which to list them.
        synonyms: names used elsewhere, in lower case, with the valid names that they stand for.
    """
    choices = list(valid)
    nearest = _nearest(str(name), {choice.lower(): choice for choice in choices} | {**synonyms})
    hint = f" Did you mean {nearest!r}?" if nearest else ""
    return f"Unknown {kind} {reprlib.repr(name)}.{hint} Valid: {', '.join(choices) or 'none'}."


def _nearest(name: str, meanings: dict[str, str]) -> str | None:
    matches = get_close_matches(name.lower(), meanings, n=1)
    return meanings[matches[0]] if matches else None
