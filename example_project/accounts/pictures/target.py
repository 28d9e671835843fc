"""An address taken apart, resolved, then held against the rules."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri

from accounts.pictures.errors import PictureRefused, PictureUnavailable
from accounts.pictures.rules import Rules

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """One place to connect to.

    The connection goes to `ip`, never to a name: a second look-up could give a second answer.
    """

    secure: bool
    host: str
    port: int
    path: str
    ip: str


def find_target(address: str, rules: Rules) -> Target:
    """Say where an address leads.

    Args:
        address: what the member typed, or where a redirect points.
        rules: what may be connected to.

    Raises:
        PictureRefused: the rules forbid it, with the reason as a sentence.
        PictureUnavailable: the name did not resolve.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise PictureRefused("This is not a web address we can read.") from error
    if parts.scheme not in DEFAULT_PORTS or not host:
        raise PictureRefused("The address must start with http:// or https://.")
    if parts.username or parts.password:
        raise PictureRefused("The address must not contain a user name or a password.")
    if port not in rules.ports:
        raise PictureRefused(f"Pictures are not fetched from port {port}.")
    return Target(
        secure=parts.scheme == "https",
        host=host,
        port=port,
        path=iri_to_uri((parts.path or "/") + (f"?{parts.query}" if parts.query else "")),
        ip=_resolve(host, port, rules),
    )


def _resolve(host: str, port: int, rules: Rules) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PictureUnavailable(f"There is no server named {host}.") from error
    ips = [str(entry[4][0]).partition("%")[0] for entry in found]
    # One forbidden answer spoils them all: a name that points both outside and inside is a trick.
    if not all(rules.may_connect(ip_address(ip)) for ip in ips):
        raise PictureRefused(f"{host} is not on the public internet.")
    return ips[0]
