"""Shows a URL without its secrets, however malformed it is."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

from .forms import FORMS, HARMLESS, SYNONYMS, Form

MASK = "***"

_HOSTS = re.compile(r"[^/?#]*")
_ODD_PORT = re.compile(r":(?!\d+$)[^\]]*$")
_HARMLESS_VALUE = re.compile(r"[\w./: -]*")


def redact_url(url: str) -> str:
    """Return a URL in which everything that may be a password is masked, even if malformed."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return MASK
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    hosts = _HOSTS.match(place)[0]  # type: ignore[index]  # it matches an empty text, too
    shown_hosts = _shown_hosts(scheme, hosts)
    path, mark, query = place[len(hosts) :].partition("?")
    path, hash_mark, _ = path.partition("#")
    parameters = "&".join(map(_shown, query.split("&")))
    shown = shown_hosts + path + (hash_mark and f"#{MASK}") + mark + parameters
    return (
        f"{scheme}://{user if colon else ''}{colon}{MASK}@{shown}" if at else f"{scheme}://{shown}"
    )


def _shown_hosts(scheme: str, hosts: str) -> str:
    """Return the hosts; what stands in the place of a port is masked unless it is a number."""
    form = FORMS.get(SYNONYMS.get(scheme, scheme), Form.SERVER)
    # A comma in the URL of one server is more likely to be of a password.
    each = [hosts] if form is Form.SERVER else hosts.split(",")
    return ",".join(_ODD_PORT.sub(f":{MASK}", host) for host in each)


def _shown(pair: str) -> str:
    """Return a parameter; its value is masked unless it is known to be harmless."""
    name, equals, value = pair.partition("=")
    if unquote_plus(name) in HARMLESS and _HARMLESS_VALUE.fullmatch(unquote_plus(value)):
        return pair
    return f"{name}={MASK}" if equals else pair and MASK
