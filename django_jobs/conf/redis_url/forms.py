"""The forms that the URL of a Redis has, and the parameters of each."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType


class Form(Enum):
    """What the hosts of a URL are."""

    SERVER = "one server"
    SENTINEL = "the sentinels that know the primary"
    CLUSTER = "some nodes of a cluster"


FORMS = MappingProxyType(
    {
        "redis": Form.SERVER,
        "rediss": Form.SERVER,
        "unix": Form.SERVER,
        "redis+sentinel": Form.SENTINEL,
        "rediss+sentinel": Form.SENTINEL,
        "redis+cluster": Form.CLUSTER,
        "rediss+cluster": Form.CLUSTER,
    }
)
"""The form of each scheme."""

SYNONYMS = MappingProxyType(
    {name.replace("redis", "valkey"): name for name in FORMS if name != "unix"}
)

EXAMPLES = MappingProxyType(
    {
        Form.SERVER: "redis://HOST:6379/0",
        Form.SENTINEL: "redis+sentinel://HOST:26379,HOST:26379/SERVICE/0",
        Form.CLUSTER: "redis+cluster://HOST:6379,HOST:6379",
    }
)

ENCODE = "write special characters of a password percent-encoded (/ is %2F, # is %23, ? is %3F)"

SENTINEL_CREDENTIALS = frozenset({"sentinel_username", "sentinel_password"})
CREDENTIALS = frozenset({"username", "password"}) | SENTINEL_CREDENTIALS

NUMBERS = frozenset({"db", "health_check_interval", "max_connections", "socket_connect_timeout"})
PLAIN = NUMBERS | {"client_name"}
TLS = frozenset(
    {
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_cert_reqs",
        "ssl_certfile",
        "ssl_check_hostname",
        "ssl_keyfile",
    }
)

HARMLESS = PLAIN | TLS
"""Parameters whose values may be shown; any other may be a password under another name."""


def parameters(scheme: str) -> frozenset[str]:
    """Return the parameters allowed after the `?`.

    Others of redis-py, such as `decode_responses`, would break the broker.
    """
    allowed = PLAIN | (CREDENTIALS - SENTINEL_CREDENTIALS)
    if scheme.startswith("rediss"):
        allowed |= TLS
    if FORMS[scheme] is Form.SENTINEL:
        allowed |= SENTINEL_CREDENTIALS
    return allowed
