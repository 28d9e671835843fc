"""Arbitrary values in the fields of a job stop neither scripts nor listings nor other jobs."""

from __future__ import annotations

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.robustness.fuzz.hostile import anything, corrupted_fields
from tests.robustness.fuzz.scale import EXAMPLES
from tests.support.clock import Clock
from tests.support.small_site import PREFIX, SmallSite, corrupt

many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def site(broker: RedisBroker, client: redis.Redis, clock: Clock) -> SmallSite:
    return SmallSite.build(broker, client, clock)


def rebuilt(site: SmallSite) -> SmallSite:
    """The same site with nothing of the last example in it."""
    site.client.flushdb()
    site.clock.advance(1)  # which tells the empty database the time
    return SmallSite.build(site.broker, site.client, site.clock)


@many
@given(state=st.sampled_from(State), fields=corrupted_fields)
def test_a_job_with_corrupted_fields_harms_no_other(
    state: State, fields: dict[str, bytes | None], site: SmallSite
) -> None:
    site = rebuilt(site)
    corrupt(site.client, f"{PREFIX}j:{site.jobs[state]}", fields)

    site.use_everything()
    site.run_a_good_job()


@many
@given(state=st.sampled_from([State.RETRYING, State.DEAD]), failure=anything)
def test_a_corrupted_failure_hides_nothing(state: State, failure: bytes, site: SmallSite) -> None:
    site = rebuilt(site)
    site.client.rpush(f"{PREFIX}e:{site.jobs[state]}", failure)

    site.use_everything()
    site.run_a_good_job()


HASHES = {
    "f:w1": ["{running}", "unknown"],
    "orders": ["w1", "w2"],
    "suspects": ["w1", "w2"],
    "ticks": ["nightly", "another"],
    "totals": ["succeeded", "failed"],
    "n:queue:60000:30000000": ["", "default"],
    "n:task:60000:30000000": ["shop.tasks.ship", "another"],
    "n:error:60000:30000000": ["shop.tasks.ship\nbuiltins.OSError", "another"],
}


@many
@given(name=st.sampled_from(sorted(HASHES)), first=st.booleans(), value=anything)
def test_corrupted_values_next_to_the_jobs_do_no_harm(
    name: str, first: bool, value: bytes, site: SmallSite
) -> None:
    site = rebuilt(site)
    field = HASHES[name][not first].format(running=site.jobs[State.RUNNING])
    site.client.hset(PREFIX + name, field, value)

    site.use_everything()
    site.run_a_good_job()


@many
@given(
    name=st.sampled_from(["r:w1", "r:w2", "a:w1", "o:w1", "b:w1", "b:w2", "w:w1", "w:w2"]),
    value=anything,
)
def test_corrupted_reports_of_workers_harm_no_jobs(
    name: str, value: bytes, site: SmallSite
) -> None:
    site = rebuilt(site)
    site.client.set(PREFIX + name, value)

    site.use_everything()
    site.run_a_good_job()


INDICES = [
    *("q:default", "leases", "lost", "expiries"),
    *("s:scheduled", "s:retrying", "s:succeeded", "s:dead", "s:discarded"),
]
scores = st.sampled_from([float("inf"), float("-inf"), 1e300, -1e300, 0.5, -1.0, 0.0, 2.0**63])


@many
@given(
    name=st.sampled_from(INDICES),
    stranger=st.binary(min_size=1, max_size=30),
    state=st.sampled_from(State),
    score=scores,
)
def test_strange_entries_and_scores_in_an_index_harm_no_jobs(
    name: str, stranger: bytes, state: State, score: float, site: SmallSite
) -> None:
    site = rebuilt(site)
    entries: dict[bytes, float] = {stranger: score, site.jobs[state].encode(): score}
    site.client.zadd(PREFIX + name, entries)

    site.use_everything()
    site.run_a_good_job()


@many
@given(name=st.sampled_from(["queues", "paused", "doubted"]), stranger=st.binary(max_size=30))
def test_strange_names_harm_no_jobs(name: str, stranger: bytes, site: SmallSite) -> None:
    site = rebuilt(site)
    site.client.sadd(PREFIX + name, stranger)

    site.use_everything()
    site.run_a_good_job()
