"""The address at which a worker answers probes."""

from __future__ import annotations

import pytest

from django_jobs.conf.probe_address import ProbeAddress, read_probe_address
from django_jobs.conf.redis_options import RedisOptions
from tests.unit.conf.helpers import refusal


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.0.0.1:7433", "127.0.0.1"),
        ("0.0.0.0:7433", "0.0.0.0"),  # noqa: S104 (nobody listens there)
        ("[::1]:7433", "::1"),
        ("[::]:7433", "::"),
        ("localhost:7433", "localhost"),
        ("worker-1.example.com:7433", "worker-1.example.com"),
    ],
)
def test_an_address_has_a_host_and_a_port(text: str, host: str) -> None:
    address = read_probe_address(text)
    assert address == ProbeAddress(host, 7433)
    assert str(address) == text
    assert read_probe_address(address) == address


def test_no_probes_are_answered_by_default() -> None:
    assert RedisOptions().probe is None
    assert RedisOptions.from_dict("default", {"probe": None}).probe is None


@pytest.mark.parametrize(
    "value",
    ["", "7433", ":7433", "127.0.0.1", "h:0", "h:65536", "h:http", "::1:7433", "http://h:1", 7433],
)
def test_anything_else_is_refused_with_an_example(value: object) -> None:
    message = refusal({"probe": value})
    assert message == (
        "TASKS['default']['OPTIONS']['probe']: give HOST:PORT such as '127.0.0.1:7433' or"
        f" '[::1]:7433', with a port from 1 to 65535, not {value!r}."
    )
