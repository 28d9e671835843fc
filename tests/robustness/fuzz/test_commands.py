"""Every command lists corrupted records, whatever they contain."""

from __future__ import annotations

import json
from io import StringIO

import pytest
import redis
from django.core.management import call_command
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from django_jobs.brokers.redis import RedisBroker
from django_jobs.compat import TaskResultDoesNotExist
from django_jobs.jobs.records import State
from django_jobs.management.target import job_backend
from django_jobs.testing import override_backend
from tests.robustness.fuzz.hostile import anything, corrupted_fields
from tests.robustness.fuzz.scale import EXAMPLES
from tests.support.clock import Clock
from tests.support.small_site import PREFIX, SmallSite, corrupt

COMMANDS = ("list", "stats", "queues", "workers", "periodic")


@pytest.fixture
def site(broker: RedisBroker, client: redis.Redis, clock: Clock) -> SmallSite:
    return SmallSite.build(broker, client, clock)


def look(*arguments: str) -> None:
    """Call a command as a person and as a program does."""
    out = StringIO()
    call_command("jobs", *arguments, stdout=out)
    out.getvalue().encode()
    out = StringIO()
    call_command("jobs", *arguments, "--json", stdout=out)
    json.loads(out.getvalue(), parse_constant=int)  # NaN is no JSON
    out.getvalue().encode()


@given(
    state=st.sampled_from(State),
    fields=corrupted_fields,
    failure=st.none() | anything,
    said=st.none() | anything,
    number=st.none() | anything,
)
@example(
    state=State.SUCCEEDED,
    fields={"v": b"[NaN]", "a": b"[[1e999],{}]"},
    failure=None,
    said=None,
    number=None,
)
@example(state=State.DEAD, fields={"a": b"[" * 100_000}, failure=b"[[", said=b"7", number=b"x")
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_commands_list_corrupted_jobs(
    state: State,
    fields: dict[str, bytes | None],
    failure: bytes | None,
    said: bytes | None,
    number: bytes | None,
    site: SmallSite,
    redis_url: str,
) -> None:
    job_id = site.jobs[state]
    site.client.hset(f"{PREFIX}j:{job_id}", "t", "tests.apps.worker_site.tasks.note")
    corrupt(site.client, f"{PREFIX}j:{job_id}", fields)
    if failure is not None:
        site.client.rpush(f"{PREFIX}e:{job_id}", failure)
    if said is not None:
        site.client.set(f"{PREFIX}w:w1", said)
    for key in ("ticks", "totals"):
        corrupt(site.client, PREFIX + key, {"nightly": number, "failed": number})

    with override_backend("redis", url=redis_url):
        for command in COMMANDS:
            look(command)
        look("list", "--state", state.value, "--queue", "default")
        if site.broker.inspection.find(job_id):
            look("show", job_id)
        read_result(job_id)


def read_result(job_id: str) -> None:
    """Ask as a site's code does: a job that is corrupted has no result."""
    try:
        result = job_backend("default").get_result(job_id)
    except TaskResultDoesNotExist:
        return
    assert result.id == job_id
