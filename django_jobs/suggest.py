"""The sentence that answers an unknown name with the nearest valid one."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, name: object, valid: Iterable[str]) -> str:
    """Return a sentence about a name that is not known, for the person who wrote it.

    Args:
        kind: what the name is of, such as "option".
        name: what was written.
        valid: the names that are known, in the order in which to list them.
    """
    choices = list(valid)
    nearest = _nearest(str(name), choices)
    hint = f" Did you mean {nearest!r}?" if nearest else ""
    return f"Unknown {kind} {reprlib.repr(name)}.{hint} Valid: {', '.join(choices) or 'none'}."


def _nearest(name: str, choices: list[str]) -> str | None:
    by_lower_case = {choice.lower(): choice for choice in choices}
    matches = get_close_matches(name.lower(), by_lower_case, n=1)
    return by_lower_case[matches[0]] if matches else None
