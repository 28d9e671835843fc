"""Takes a URL apart, also one with several hosts, which `urlsplit` cannot read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from .forms import FORMS, Form

_REST = re.compile(r"([^/?#]*)([^?#]*)\??([^#]*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a URL, as they are written.

    Attributes:
        login: user name and password, separated by a colon.
        hosts: each with its port, if it has one.
        query: after the `?`.
        fragment: from the `#` on.
    """

    scheme: str
    login: str
    hosts: tuple[str, ...]
    path: str
    query: str
    fragment: str

    @property
    def form(self) -> Form:
        return FORMS[self.scheme]

    @property
    def parameters(self) -> tuple[tuple[str, str | None], ...]:
        """Names and values, decoded; None for a value without `=` before it."""
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return tuple(
            (unquote_plus(key), unquote_plus(value) if equals else None)
            for key, equals, value in pairs
        )


def split_url(scheme: str, rest: str) -> Parts:
    """Take a URL apart.

    Args:
        scheme: one of `FORMS`.
        rest: what follows `://`.
    """
    found = _REST.fullmatch(rest)
    assert found
    authority, path, query, fragment = found.groups()
    login, _, place = authority.rpartition("@")
    return Parts(scheme, login, tuple(place.split(",")), path, query, fragment)
