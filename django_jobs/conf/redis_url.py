"""The address of a Redis server, read from a URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from django_jobs.suggest import unknown_name

MASK = "***"
EXAMPLE = "redis://HOST:6379/0"
SYNONYMS = {"valkey": "redis", "valkeys": "rediss"}
SCHEMES = ("redis", "rediss", "unix", *SYNONYMS)
ENCODE = "write special characters of a password percent-encoded (/ is %2F, # is %23, ? is %3F)"

CREDENTIALS = frozenset({"username", "password"})
PARAMETERS = frozenset(
    {
        *CREDENTIALS,
        "client_name",
        "db",
        "health_check_interval",
        "max_connections",
        "socket_connect_timeout",
    }
)
"""The parameters allowed after the `?`; others, such as `decode_responses`, break the broker."""

TLS_PARAMETERS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
    }
)
NUMBERS = frozenset({"db", "health_check_interval", "max_connections", "socket_connect_timeout"})

_ODD_PORT = re.compile(r":(?!\d+(?:[/?#]|$))[^/?#\]]*(?=[/?#]|$)")
HARMLESS = (PARAMETERS | TLS_PARAMETERS) - CREDENTIALS
"""Parameters whose values may be shown; any other may be a password under another name."""

_HARMLESS_VALUE = re.compile(r"[\w./: -]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisAddress:
    """The address of Redis, separated from the secrets.

    Attributes:
        url: without user name and password, so that it may be shown.
        username: decoded, or None.
        password: decoded, or None.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def read_redis_url(text: object) -> RedisAddress:
    """Return the address in a `redis://`, `rediss://` or `unix://` URL.

    `valkey://` and `valkeys://` mean the same as `redis://` and `rediss://`.

    Raises:
        ValueError: a sentence that says what is wrong and shows the URL without its password.
    """
    if not isinstance(text, str) or "://" not in text:
        raise ValueError(f"give a URL such as {EXAMPLE}; this one has no 'redis://'.")
    scheme, _, rest = text.strip().partition("://")
    scheme = scheme.lower()
    if scheme not in SCHEMES:
        raise ValueError(f"{unknown_name('scheme', scheme, SCHEMES)} ({redact_url(text)})")
    url = f"{SYNONYMS.get(scheme, scheme)}://{rest}"
    fault = next(_faults(url), None)
    if fault:
        raise ValueError(f"{redact_url(text.strip())} {fault}.")
    return _address(urlsplit(url))


def redact_url(url: str) -> str:
    """Return a URL in which everything that may be a password is masked, even if malformed."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return MASK
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    place, mark, query = _ODD_PORT.sub(f":{MASK}", place, count=1).partition("?")
    place, hash_mark, _ = place.partition("#")
    shown = place + (hash_mark and f"#{MASK}") + mark + "&".join(map(_shown, query.split("&")))
    return (
        f"{scheme}://{user if colon else ''}{colon}{MASK}@{shown}" if at else f"{scheme}://{shown}"
    )


def _shown(pair: str) -> str:
    """Return a parameter; its value is masked unless it is known to be harmless."""
    name, equals, value = pair.partition("=")
    if unquote_plus(name) in HARMLESS and _HARMLESS_VALUE.fullmatch(unquote_plus(value)):
        return pair
    return f"{name}={MASK}" if equals else pair and MASK


def _faults(url: str) -> Iterator[str]:
    """Yield the faults of a URL; each check relies on the earlier ones."""
    if re.search(r"\s", url):
        yield "contains white space"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        yield f"has no valid host and port (a number from 1 to 65535); {ENCODE}"
        return
    if parts.fragment or "#" in url or "@" in parts.path + parts.query:
        yield f"cannot be read; {ENCODE}"
    if parts.scheme == "unix":
        yield from _unix_faults(parts)
    else:
        yield from _network_faults(parts, port)
    yield from _query_faults(parts)


def _unix_faults(parts: SplitResult) -> Iterator[str]:
    if parts.netloc.rpartition("@")[2] or parts.path in ("", "/"):
        yield "names no socket: write unix:///PATH/redis.sock?db=0"


def _network_faults(parts: SplitResult, port: int | None) -> Iterator[str]:
    if not parts.hostname:
        yield f"has no host: write {EXAMPLE}"
    if port == 0:
        yield "has port 0: give a number from 1 to 65535"
    if not re.fullmatch(r"(/[0-9]{0,5})?", parts.path):
        yield f"has an odd database {parts.path[1:]!r}: give its number, as in {EXAMPLE}"


def _query_faults(parts: SplitResult) -> Iterator[str]:
    valid = sorted(PARAMETERS | TLS_PARAMETERS if parts.scheme == "rediss" else PARAMETERS)
    for key, value in _pairs(parts.query):
        if value is None:
            yield f"has a parameter without a value; {ENCODE}"
        elif key in TLS_PARAMETERS and key not in valid:
            yield f"has {key!r}, which needs rediss://"
        elif key not in valid:
            yield f"is not understood: {unknown_name('parameter', key, valid)[:-1]}"
        elif key in NUMBERS and not re.fullmatch(r"[0-9]{1,5}", value):
            yield f"needs a whole number for {key!r}"
        elif key == "ssl_cert_reqs" and value not in ("none", "optional", "required"):
            yield "needs none, optional or required for 'ssl_cert_reqs'"


def _pairs(query: str) -> Iterator[tuple[str, str | None]]:
    """Yield names and values, decoded; None for a value without `=` before it."""
    for part in filter(None, query.split("&")):
        key, equals, value = part.partition("=")
        yield unquote_plus(key), unquote_plus(value) if equals else None


def _address(parts: SplitResult) -> RedisAddress:
    query = dict(_pairs(parts.query))
    pairs = parts.query.split("&")
    kept = [one for one in pairs if unquote_plus(one.partition("=")[0]) not in CREDENTIALS]
    place = parts.netloc.rpartition("@")[2] + parts.path
    return RedisAddress(
        # Not geturl(), which drops the slashes of unix:///path.
        url=f"{parts.scheme}://{place}" + ("?" + "&".join(kept) if any(kept) else ""),
        username=unquote(parts.username or "") or query.get("username") or None,
        password=unquote(parts.password or "") or query.get("password") or None,
    )
