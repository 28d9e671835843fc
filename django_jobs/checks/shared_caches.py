"""Finds caches that are in the same Redis database as the jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Database(NamedTuple):
    """A database of a Redis server.

    Attributes:
        place: the host with its port, or the path of a socket.
        number: of the database.
    """

    place: str
    number: str


def caches_in_database(url: str, caches: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the aliases of caches that are in the database of a URL.

    Args:
        url: of the jobs.
        caches: the setting `CACHES`.
    """
    jobs = _database(url, None)
    for alias, cache in caches.items():
        number = (cache.get("OPTIONS") or {}).get("db")
        places = (_database(location, number) for location in _locations(cache))
        if jobs and jobs in places:
            yield alias


def _locations(cache: Mapping[str, Any]) -> list[str]:
    """Return the addresses of a cache: a text that holds one or several, or a list of them."""
    location = cache.get("LOCATION") or ""
    return re.split("[;,]", location) if isinstance(location, str) else list(map(str, location))


def _database(url: str, number: object) -> Database | None:
    """Return the database that a URL names, or None if it is no URL of one Redis server.

    Args:
        number: of the database, where it is given apart from the URL.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or 6379
    except ValueError:
        return None
    query = parse_qs(parts.query).get("db", [])
    if parts.scheme == "unix":
        return Database(parts.path, str(number or (query or ["0"])[0]))
    if parts.scheme not in {"redis", "rediss", "valkey", "valkeys"}:
        return None
    host = "localhost" if parts.hostname in LOOPBACK else parts.hostname
    return Database(f"{host}:{port}", str(number or (query or [parts.path.strip("/") or "0"])[0]))
