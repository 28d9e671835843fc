"""Finds values that were masked in a job's arguments in its other texts."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from django_jobs.serialization import types as tags

from .names import MASK

LONG = 8
"""Values with this many characters or more are found inside words, too."""

SHORTEST = 4
"""Values with this many characters or more are found without quotes around them."""

TRIVIAL = frozenset({"true", "false", "none", "null"})
"""Common words that are found only between quotes, to keep texts readable."""

LONGEST = 10_000
"""Longer values are searched for in their original form only."""

MOST_LINES = 100
"""Values with up to this many lines, such as key files, are searched for line by line."""

PREFIX = 3
"""The characters by which needles are looked up; the shortest needle is a quoted character."""

FEW = 64
"""With up to this many prefixes, searching for each is faster than scanning the text."""

MOST_EFFORT = 100_000_000
"""The most characters to compare for one job; after that, whole texts are masked.

Crafted arguments could take minutes to search for; others take far less than this.
"""

LOOK = 300
"""The cost of one lookup of a needle, in compared characters."""

_TRACEBACK = "Traceback (most recent call last):"

# The frame of a function ends with its name. This one quotes the input of a parser.
_PARSED = re.compile(r'  File ".*", line \d+')


class Where(IntEnum):
    """Where a needle is found."""

    ALONE = 1
    ANYWHERE = 2


class HiddenValues:
    """Collects masked values, then masks them in texts.

    A value of eight characters or more is found anywhere; one of four to seven as a whole word; a
    shorter one, or one such as "true", only between quotes, as Python writes strings. So "1" does
    not change every number in a message. Numbers are found by their digits. Lines of a traceback
    that show code stay unchanged: code has no values.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._effort = _Effort()

    def take(self, value: Any) -> str:
        """Return the mask for a JSON value, and collect the texts and numbers in it."""
        self._values.update(_leaves(value))
        return MASK

    def hide_in(self, text: str) -> str:
        """Return a text with the values masked; take all of them before."""
        if not self._values:
            return text
        try:
            return self._needles.hide_in(text, self._effort)
        except _TooMuchEffort:
            return MASK

    def hide_at_cut_end(self, text: str) -> str:
        """Mask the beginning of a value at the end of a truncated text."""
        return self._without_last(text, self._values)

    def hide_at_cut_start(self, text: str) -> str:
        """Mask the end of a value at the beginning of a truncated text."""
        return self._without_last(text[::-1], (value[::-1] for value in self._values))[::-1]

    def hide_in_traceback(self, text: str) -> str:
        """Return a traceback with the values masked in its messages."""
        if not self._values:
            return text
        return "".join(
            part if is_code else self.hide_in(part) for is_code, part in _code_and_messages(text)
        )

    def _without_last(self, text: str, values: Iterable[str]) -> str:
        try:
            end = min((_cut_at(text, value, self._effort) for value in values), default=len(text))
        except _TooMuchEffort:
            return MASK
        return text if end == len(text) else text[:end] + MASK

    @cached_property
    def _needles(self) -> _Needles:
        return _Needles.of(self._values)


@dataclass(frozen=True, slots=True)
class _Needles:
    """The texts to search for, all in one pass through a text.

    Attributes:
        known: where each needle is found.
        lengths: the lengths of the needles with a prefix, the longest first.
    """

    known: Mapping[str, Where]
    lengths: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, values: Iterable[str]) -> _Needles:
        known: dict[str, Where] = {}
        for value in values:
            for needle, where in _needles(value):
                known[needle] = max(where, known.get(needle, where))
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for needle in known:
            lengths[needle[:PREFIX]].add(len(needle))
        ordered = {start: tuple(sorted(each, reverse=True)) for start, each in lengths.items()}
        return cls(known, ordered)

    def hide_in(self, text: str, effort: _Effort) -> str:
        if len(self.lengths) <= FEW and not any(prefix in text for prefix in self.lengths):
            return text
        shown, done, at = [], 0, 0
        while at < len(text):
            end = self._end(text, at, effort)
            if end:
                shown += [text[done:at], _masked(text[at:end])]
                done = end
            at = end or at + 1
        return "".join([*shown, text[done:]])

    def _end(self, text: str, at: int, effort: _Effort) -> int:
        """Return the end of the longest needle that begins here, or 0 if there is none."""
        for length in self.lengths.get(text[at : at + PREFIX], ()):
            end = at + length
            effort.spend(min(length, len(text) - at))
            where = self.known.get(text[at:end])
            if where is Where.ANYWHERE or (where is Where.ALONE and _is_alone(text, at, end)):
                return end
        return 0


class _TooMuchEffort(Exception):
    """The comparisons for one job exceed the limit."""


class _Effort:
    """Counts the compared characters for one job."""

    def __init__(self) -> None:
        self._left = MOST_EFFORT

    def spend(self, characters: int) -> None:
        self._left -= LOOK + characters
        if self._left < 0:
            raise _TooMuchEffort


def _cut_at(text: str, value: str, effort: _Effort) -> int:
    """Return the start of a value that is cut off at the end, or the length of the text."""
    start = value[:LONG]
    at = text.find(start, max(0, len(text) - len(value) + 1)) if len(value) > LONG else -1
    while at >= 0:
        effort.spend(len(text) - at)
        if value.startswith(text[at:]):
            return at
        at = text.find(start, at + 1)
    return len(text)


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from _lines(value)
        case int() | float() if not isinstance(value, bool):
            yield str(value)
        case {tags.MODEL: [_, key, _], **rest} if not rest:
            yield from _leaves(key)
        case dict() | list():
            for item in value.values() if isinstance(value, dict) else value:
                yield from _leaves(item)


def _lines(text: str) -> Iterator[str]:
    """Yield a text and its longer lines: a key file may occur in parts."""
    whole = text.strip()
    if whole:
        yield whole
    lines = [line.strip() for line in whole.splitlines()]
    if 1 < len(lines) <= MOST_LINES:
        yield from (line for line in lines if len(line) >= LONG)


def _needles(value: str) -> Iterator[tuple[str, Where]]:
    """Yield the needles of a value."""
    if len(value) < SHORTEST or value.casefold() in TRIVIAL:
        for form in _forms(value):
            yield f"'{form}'", Where.ANYWHERE
            yield f'"{form}"', Where.ANYWHERE
        return
    where = Where.ANYWHERE if len(value) >= LONG else Where.ALONE
    yield from ((form, where) for form in _forms(value))


def _forms(value: str) -> set[str]:
    """Return a value as Python, JSON and URLs write it, and without spaces and hyphens."""
    forms = {value}
    is_plain = value.isascii() and value.isalnum()
    if not is_plain and len(value) <= LONGEST:
        forms |= {repr(value)[1:-1], json.dumps(value)[1:-1], _json(value)}
        quoted = value.encode(errors="surrogatepass")
        forms |= {quote(quoted), quote(quoted, safe=""), quote_plus(quoted)}
        joined = re.sub(r"[\s-]", "", value)
        forms |= {joined} if len(joined) >= LONG else set()
    return forms


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _masked(needle: str) -> str:
    mark = needle[0] if needle[0] == needle[-1] and needle[0] in "'\"" else ""
    return f"{mark}{MASK}{mark}"


def _is_alone(text: str, at: int, end: int) -> bool:
    """Return whether neither a letter nor a digit precedes or follows a part of a text."""
    return not (_is_word(text[at - 1 : at]) or _is_word(text[end : end + 1]))


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _code_and_messages(text: str) -> Iterator[tuple[bool, str]]:
    """Yield whether a part of a traceback shows code, and the part, in order."""
    message: list[str] = []
    in_code = False
    for line in text.splitlines(keepends=True):
        if in_code and line.startswith("  ") and not _PARSED.fullmatch(line.rstrip()):
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
