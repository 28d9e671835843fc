"""The address at which a worker answers probes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django_jobs.validation.validators import invalid_value

EXAMPLE = "127.0.0.1:7433"
RULE = f"HOST:PORT such as '{EXAMPLE}' or '[::1]:7433', with a port from 1 to 65535"

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+)):([0-9]{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProbeAddress:
    """A host name or IP address, and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_probe_address(value: object) -> ProbeAddress | None:
    """Return the address in `HOST:PORT`, or None for None.

    Raises:
        ValueError: a sentence that says what is allowed.
    """
    if value is None or isinstance(value, ProbeAddress):
        return value
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if not match or not 1 <= int(match[3]) <= 65535:
        raise invalid_value(RULE, value)
    return ProbeAddress(match[1] or match[2], int(match[3]))
