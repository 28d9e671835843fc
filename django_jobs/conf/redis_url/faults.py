"""What is wrong with a URL of Redis."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from django_jobs.suggest import unknown_name

from .forms import ENCODE, EXAMPLES, NUMBERS, TLS, Form, parameters
from .parts import Parts

SERVICE = re.compile(r"/[\w.-]+(/[0-9]{0,5})?", re.ASCII)
"""The path in the URL of sentinels."""


def find_faults(parts: Parts) -> Iterator[str]:
    """Yield the faults of a URL; each check relies on the earlier ones."""
    if re.search(r"\s", "".join((parts.login, *parts.hosts, parts.path, parts.query))):
        yield "contains white space"
    if parts.form is Form.SERVER and len(parts.hosts) > 1:
        yield (
            "names several hosts, which only redis+sentinel:// and redis+cluster:// can: write"
            f" {EXAMPLES[Form.SENTINEL]} or {EXAMPLES[Form.CLUSTER]}"
        )
    for host in parts.hosts:
        yield from _port_faults(host)
    if parts.fragment or "@" in parts.path + parts.query:
        yield f"cannot be read; {ENCODE}"
    if parts.scheme == "unix":
        yield from _unix_faults(parts)
    else:
        yield from _network_faults(parts)
    yield from _query_faults(parts)


def _port_faults(host: str) -> Iterator[str]:
    try:
        port = urlsplit(f"redis://{host}").port
    except ValueError:
        yield f"has no valid host and port (a number from 1 to 65535); {ENCODE}"
    else:
        if port == 0:
            yield "has port 0: give a number from 1 to 65535"


def _unix_faults(parts: Parts) -> Iterator[str]:
    if any(parts.hosts) or parts.path in ("", "/"):
        yield "names no socket: write unix:///PATH/redis.sock?db=0"


def _network_faults(parts: Parts) -> Iterator[str]:
    example = EXAMPLES[parts.form]
    if not all(urlsplit(f"redis://{host}").hostname for host in parts.hosts):
        yield f"has no host: write {example}"
    if parts.form is Form.SENTINEL:
        if not SERVICE.fullmatch(parts.path):
            yield (
                "has no name of the service (as in 'sentinel monitor NAME …') and number of the"
                f" database after the hosts: write {example}"
            )
    elif not re.fullmatch(r"(/[0-9]{0,5})?", parts.path):
        yield f"has an odd database {parts.path[1:]!r}: give its number, as in {example}"
    elif parts.form is Form.CLUSTER and _database(parts) not in ("", "0"):
        yield "names a database, but a cluster has only database 0: leave the number out"


def _database(parts: Parts) -> str:
    return dict(parts.parameters).get("db") or parts.path[1:]


def _query_faults(parts: Parts) -> Iterator[str]:
    valid = sorted(parameters(parts.scheme))
    for key, value in parts.parameters:
        if value is None:
            yield f"has a parameter without a value; {ENCODE}"
        elif key in TLS and key not in valid:
            yield f"has {key!r}, which needs rediss://"
        elif key not in valid:
            yield f"is not understood: {unknown_name('parameter', key, valid)[:-1]}"
        elif key in NUMBERS and not re.fullmatch(r"[0-9]{1,5}", value):
            yield f"needs a whole number for {key!r}"
        elif key == "ssl_cert_reqs" and value not in ("none", "optional", "required"):
            yield "needs none, optional or required for 'ssl_cert_reqs'"
