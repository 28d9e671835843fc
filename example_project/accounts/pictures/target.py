"""Parses and resolves an address, and checks it against the rules."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.encoding import iri_to_uri

from accounts.pictures.errors import PictureRefused, PictureUnavailable
from accounts.pictures.rules import Rules

DEFAULT_PORTS = {"http": 80, "https": 443}

# The same message and retries for a name that does not resolve and for one that resolves to a
# private address: a difference would reveal which names exist in the private network.
UNREACHABLE = "There is no server on the public internet at this address."


@dataclass(frozen=True, slots=True)
class Target:
    """A host to connect to.

    Connect to `ip`, not to the name: a second lookup could return another address.
    """

    secure: bool
    host: str
    port: int
    path: str
    ip: str


def resolve_target(address: str, rules: Rules) -> Target:
    """Return the target that an address leads to.

    Args:
        address: entered by the member, or the target of a redirect.
        rules: the limits.

    Raises:
        PictureRefused: the rules forbid the address; the message says why.
        PictureUnavailable: the name does not resolve to a public address.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise PictureRefused("This is not a valid web address.") from error
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
    number = _look_up(host, port, socket.AI_NUMERICHOST)
    if number and not _are_allowed(number, rules):
        raise PictureRefused(f"{host} is not on the public internet.")
    ips = number or _look_up(host, port)
    if not ips or not _are_allowed(ips, rules):
        raise PictureUnavailable(UNREACHABLE)
    return ips[0]


def _look_up(host: str, port: int, flags: int = 0) -> list[str]:
    """Return the IP addresses of a name, none if it does not resolve."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except OSError:
        return []
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _are_allowed(ips: list[str], rules: Rules) -> bool:
    # A name with both public and private addresses is an attack.
    return all(rules.may_connect(ip_address(ip)) for ip in ips)
