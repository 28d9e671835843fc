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

# One answer for a name that leads nowhere and for one that leads inside, tried again alike: two
# would tell anybody which names there are on the inside.
UNREACHABLE = "There is no server on the public internet at this address."


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
        PictureUnavailable: the name does not lead to the public internet, or nowhere.
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
    number = _looked_up(host, port, socket.AI_NUMERICHOST)
    if number and not _are_allowed(number, rules):
        raise PictureRefused(f"{host} is not on the public internet.")
    ips = number or _looked_up(host, port)
    if not ips or not _are_allowed(ips, rules):
        raise PictureUnavailable(UNREACHABLE)
    return ips[0]


def _looked_up(host: str, port: int, flags: int = 0) -> list[str]:
    """Return the addresses of a name; none for one that does not resolve."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError:
        return []
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _are_allowed(ips: list[str], rules: Rules) -> bool:
    # One forbidden answer rules out all: a name that points both outside and inside is a trick.
    return all(rules.may_connect(ip_address(ip)) for ip in ips)
