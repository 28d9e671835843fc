"""Values that nothing can have, in each field of each address."""

from __future__ import annotations

from urllib.parse import quote, quote_from_bytes

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from django_jobs.backends import RedisBackend
from tests.integration.dashboard.addresses import ADDRESSES, Address
from tests.support.builders import make_jobs

VALUES = (b"a\x00b", b"\xed\xa0\x80", b"x" * 100_000, b"9" * 30, b"cmail:[a-*\r\n%00")
NAMES = [
    *("id", "job", "batch", "limit", "key", "task", "queue", "worker", "name", "do", "run"),
    *("after", "text", "state", "span", "sort", "backend", "error", "since", "until", "number"),
    *("typed", "from_list"),
]

READERS = [one for one in ADDRESSES if one.name != "health"]  # which says how the workers are


def own_names(one: Address) -> list[str]:
    return [*one.data, *QueryDict(one.query)]


@pytest.mark.parametrize("one", READERS, ids=lambda one: one.name)
def test_no_value_leads_to_an_error_of_the_server(
    one: Address, operator: Client, redis_backend: RedisBackend
) -> None:
    redis_backend.broker.push(make_jobs(1))
    for names in (NAMES, *([name] for name in own_names(one))):
        for value in VALUES if names is NAMES else VALUES[:1]:
            given = {**one.data, **QueryDict(one.query).dict()}
            given |= dict.fromkeys(names, "")
            text = "&".join(
                f"{name}={quote_from_bytes(value) if name in names else quote(given[name])}"
                for name in given
            )
            answer = send(operator, one, text)
            assert answer < 500


def send(client: Client, one: Address, text: str) -> int:
    """Send parameters as they are; return the status of the answer."""
    path = reverse(f"django_jobs_dashboard:{one.name}", args=one.args)
    if one.method == "POST":
        kind = "application/x-www-form-urlencoded"
        return client.post(path, text, content_type=kind).status_code
    return client.get(f"{path}?{text}").status_code
