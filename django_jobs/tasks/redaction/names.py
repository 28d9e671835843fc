"""Recognizes secrets by their names, and in texts such as URLs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

MASK = "••••••••"

WORDS = (
    *("password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "api_key"),
    *("access_key", "private_key", "authorization", "auth", "oauth", "bearer", "jwt", "dsn"),
    *("credential", "cookie", "session_key", "sessionid", "signature", "pin", "otp", "cvc", "cvv"),
)
"""The default of a backend's option `redact`: parts of names whose values are hidden."""

SHORT = 4
"""Words with up to this many letters must be whole parts of a name: "spinner" contains `pin`."""

_BETWEEN_PARTS = re.compile(r"[\W\d_]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME_MARKS = re.compile(r"[_-]")

# The password in user:password@host; in an HTTP URL a user alone is a key, as in a Sentry DSN.
_LOGIN = re.compile(
    r"""(://[^\s/?#@:'"]*:)[^\s/?#'"]+(?=@) | (https?://)[^\s/?#@:'"]+(?=@)""",
    re.VERBOSE | re.IGNORECASE,
)
_PARAMETER = re.compile(r"""(?<=[?&#])([^\s=&#?'"<>]+)=[^\s&;#'"<>]*""")
_SCHEME = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SecretNames:
    """Recognizes names of secrets.

    Attributes:
        words: parts of names; capitals, `_` and `-` do not matter. A word of up to four letters
            must be a whole part, as in `card_pin`, `cardPin` or `pin2`; longer ones match anywhere.
    """

    words: tuple[str, ...] = WORDS
    _known: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def has(self, name: str) -> bool:
        """Return whether a name is that of a secret."""
        if name not in self._known:
            self._known[name] = self._sounds_secret(name)
        return self._known[name]

    def hide_in(self, text: str) -> str:
        """Return a text with the secrets masked that it marks as such.

        These are passwords in URLs, URL parameters with names of secrets, and the credentials after
        `Bearer` or `Basic`.
        """
        if "@" in text and "://" in text:
            text = _LOGIN.sub(lambda found: f"{found[1] or found[2]}{MASK}", text)
        if "=" in text and any(mark in text for mark in "?&#"):
            text = _PARAMETER.sub(self._parameter, text)
        lower = text.lower()
        if "bearer" in lower or "basic" in lower:
            text = _SCHEME.sub(rf"\1 {MASK}", text)
        return text

    def _parameter(self, found: re.Match[str]) -> str:
        name = found[1]
        return f"{name}={MASK}" if self.has(unquote_plus(name)) else found[0]

    def _sounds_secret(self, name: str) -> bool:
        plain = _plain(name)
        parts = {part.casefold() for part in _BETWEEN_PARTS.split(name)}
        return any(
            word in (parts if len(word) <= SHORT else plain) for word in map(_plain, self.words)
        )


def _plain(name: str) -> str:
    return _NAME_MARKS.sub("", name.casefold())
