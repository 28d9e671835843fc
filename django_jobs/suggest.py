"""The sentence that answers an unknown name with the nearest valid one."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

NO_SYNONYMS: Mapping[str, str] = MappingProxyType({})


def unknown_name(
    kind: str, name: object, valid: Iterable[str], synonyms: Mapping[str, str] = NO_SYNONYMS
) -> str:
    """Return a sentence about a name that is not known, for the person who wrote it.

    Args:
        kind: what the name is of, such as "option".
        name: what was written.
        valid: the names that are known, in the order in which to list them.
        synonyms: names that others use in lower case, and the valid ones that they stand for.
    """
    choices = list(valid)
    nearest = _nearest(str(name), {choice.lower(): choice for choice in choices} | {**synonyms})
    hint = f" Did you mean {nearest!r}?" if nearest else ""
    return f"Unknown {kind} {reprlib.repr(name)}.{hint} Valid: {', '.join(choices) or 'none'}."


def _nearest(name: str, meanings: dict[str, str]) -> str | None:
    matches = get_close_matches(name.lower(), meanings, n=1)
    return meanings[matches[0]] if matches else None
