"""Limits of downloads: which addresses, how many bytes, how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network

# The only IPv6 block that is assigned to the public internet. Addresses outside it may lead to a
# private network: ::ffff:10.0.0.1 and 64:ff9b::10.0.0.1 are private IPv4 addresses in disguise.
PUBLIC_IPV6 = IPv6Network("2000::/3")


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Return whether an address belongs to the public internet."""
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if isinstance(ip, IPv4Address):
        return True
    return ip in PUBLIC_IPV6 and ip.sixtofour is None and ip.teredo is None


@dataclass(frozen=True, slots=True)
class Rules:
    """The limits of one download."""

    may_connect: Callable[[IPv4Address | IPv6Address], bool] = is_public
    ports: frozenset[int] = frozenset({80, 443})
    max_redirects: int = 3
    max_bytes: int = 5 * 1024 * 1024
    max_seconds: float = 20.0


PUBLIC = Rules()
