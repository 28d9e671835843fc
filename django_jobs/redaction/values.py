"""The values that were hidden in a job's arguments, found again in other texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from django_jobs import tags

from .names import MASK

LONG = 8
"""Characters from which a value is found inside of words too."""

SHORTEST = 4
"""Characters up to which, exclusively, a value is found only where it is quoted."""

TRIVIAL = frozenset({"true", "false", "none", "null"})
"""Values that say nothing, and would turn a text into noise; these need quotes too."""

LONGEST_MESSAGE = 10_000
"""Characters of a value beyond which no message quotes it in another form."""

_TRACEBACK = "Traceback (most recent call last):"


class HiddenValues:
    """Collects what was hidden, then hides it in texts.

    A value of eight characters or more is found anywhere; one of four to seven as a word of its
    own; a shorter one, or one such as "true", only between quotes, as Python writes texts. So "1"
    does not change every number of a message. Numbers count as their digits. Lines of a traceback
    that show code are left as they are: code holds no values.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()

    def take(self, value: Any) -> str:
        """Return the mask for a JSON value, and remember the texts and numbers in it."""
        self._values.update(_leaves(value))
        return MASK

    def hide_in(self, text: str) -> str:
        """Return a text without the values."""
        for value in self._longest_first:
            text = _replaced(value, text)
        return text

    def hide_in_traceback(self, text: str) -> str:
        """Return a traceback whose messages are without the values."""
        if not self._values:
            return text
        return "".join(
            part if is_code else self.hide_in(part) for is_code, part in _code_and_messages(text)
        )

    @cached_property
    def _longest_first(self) -> list[str]:
        """The values, once all are known: a part of one must not break the whole."""
        return sorted(self._values, key=len, reverse=True)


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from _lines(value)
        case int() | float() if not isinstance(value, bool):
            yield str(value)
        case {tags.MODEL: [_label, key, _using], **rest} if not rest:
            yield from _leaves(key)
        case dict() | list():
            for item in value.values() if isinstance(value, dict) else value:
                yield from _leaves(item)


def _lines(text: str) -> Iterator[str]:
    """Yield a text, and its longer lines: a key's file may come in parts."""
    whole = text.strip()
    if whole:
        yield whole
    if "\n" in whole:
        lines = (line.strip() for line in whole.splitlines())
        yield from (line for line in lines if len(line) >= LONG)


def _replaced(value: str, text: str) -> str:
    for form in _forms(value):
        if form in text:
            text = re.sub(_pattern(value, form), MASK, text)
    return text


def _forms(value: str) -> set[str]:
    """Return how a value is written: as it is, in Python, JSON or a URL, or without blanks."""
    forms = {value}
    is_plain = value.isascii() and value.isalnum()
    if not is_plain and len(value) <= LONGEST_MESSAGE:
        forms |= {repr(value)[1:-1], json.dumps(value)[1:-1], _json(value)}
        quoted = value.encode(errors="surrogatepass")
        forms |= {quote(quoted), quote(quoted, safe=""), quote_plus(quoted)}
        joined = re.sub(r"[\s-]", "", value)
        forms |= {joined} if len(joined) >= LONG else set()
    return forms


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _pattern(value: str, form: str) -> str:
    escaped = re.escape(form)
    if len(value) < SHORTEST or value.casefold() in TRIVIAL:
        return rf"""(?<=['"]){escaped}(?=['"])"""
    return escaped if len(value) >= LONG else rf"(?<!\w){escaped}(?!\w)"


def _code_and_messages(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a traceback in their order, with whether they show code."""
    message: list[str] = []
    in_code = False
    for line in text.splitlines(keepends=True):
        if in_code and line.startswith("  "):
            yield True, line
            continue
        in_code = line.strip() == _TRACEBACK
        if in_code:
            yield False, "".join(message)
            yield True, line
            message = []
        else:
            message.append(line)
    yield False, "".join(message)
