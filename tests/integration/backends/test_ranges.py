"""Values in range run on both brokers; others are refused with a message."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from django_jobs import Retry
from django_jobs.compat import InvalidTask
from django_jobs.errors import JobExpired, PayloadTooLarge, TaskTimeout
from django_jobs.jobs.records import JobRecord, State
from django_jobs.tasks.retry import error_path
from django_jobs.testing import run_enqueued
from django_jobs.validation.ranges import LONGEST_TIME
from tests.apps.backend_site import tasks
from tests.support.results import current_backend

BROKERS = {
    "default": "django_jobs.backends.DummyBackend",  # in memory
    "redis": "django_jobs.backends.RedisBackend",
}
EXPECTED = {error_path(kind) for kind in (ValueError, TaskTimeout, JobExpired)}
"""How a job of these tests may fail: by itself, or because it is too late."""

CENTURY = timedelta(seconds=LONGEST_TIME)
HUGE = 10**5000
"""A number of more digits than Python writes."""
LONG = [1.5] * 20_000
"""Waits that would make a job of 100 kB."""

spans = st.one_of(st.floats(0.5, LONGEST_TIME), st.integers(1, LONGEST_TIME))
times = st.one_of(spans, spans.map(lambda given: timedelta(seconds=given)), st.just(CENTURY))
offsets = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
this_century = (datetime(1990, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
ACCEPTED: dict[str, Any] = {
    "priority": st.one_of(st.integers(-100, 100), st.integers(-100, 100).map(float)),
    "queue_name": st.from_regex(r"[A-Za-z0-9._-]{1,100}", fullmatch=True),
    "run_after": st.one_of(
        st.datetimes(*this_century, timezones=offsets), st.timedeltas(-CENTURY, CENTURY)
    ),
    "timeout": times,
    "expires": times,
    "result_ttl": st.one_of(times, st.just(0)),
    "retry": st.fixed_dictionaries(
        {"attempts": st.integers(1, 1_000_000), "wait": times | st.lists(times, min_size=1)},
        optional={"jitter": st.floats(0, 1)},
    ),
}

nonsense = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=3),
    st.floats(),
    st.integers(),
    st.datetimes(timezones=st.one_of(offsets, st.none())),
    st.timedeltas(),
    st.sampled_from([2**70, 1e308, float("inf"), float("nan"), b"", object(), LONGEST_TIME + 1, 0]),
)
ANYTHING: dict[str, Any] = {
    **dict.fromkeys(ACCEPTED, nonsense),
    "retry": st.fixed_dictionaries(
        {"attempts": nonsense, "wait": nonsense | st.lists(nonsense, max_size=3) | st.just(LONG)},
        optional={"jitter": nonsense},
    ),
}
one_of_any_kind = st.sampled_from(sorted(ANYTHING)).flatmap(
    lambda name: st.fixed_dictionaries({name: ANYTHING[name]})
)
options = st.builds(
    lambda accepted, odd: accepted | odd,
    st.fixed_dictionaries({}, optional=ACCEPTED),
    st.just({}) | one_of_any_kind,
)


@pytest.fixture
def _both(settings: Any, redis_url: str) -> None:
    """Each broker, without a worker of its own."""
    own = {"redis": {"url": redis_url, "namespace": uuid.uuid4().hex}}
    settings.TASKS = {
        alias: {"BACKEND": path, "QUEUES": [], "OPTIONS": own.get(alias, {})}
        for alias, path in BROKERS.items()
    }


def enqueued(given: dict[str, Any], alias: str) -> str:
    """Enqueue a job with options that may be no good; return its id."""
    if "retry" in given:
        given = {**given, "retry": Retry(**given["retry"])}
    job_id: str = tasks.fail_once.using(**given, backend=alias).enqueue().id
    return job_id


def outcome(given: dict[str, Any], alias: str) -> JobRecord | str | None:
    """Return the job that was run, or the sentence that refuses it."""
    try:
        job_id = enqueued(given, alias)
    except (ImproperlyConfigured, InvalidTask, PayloadTooLarge) as error:
        return str(error)
    run_enqueued(scheduled=True, retries=True, raise_errors=False, limit=9, backend=alias)
    return current_backend(alias).broker.inspection.find(job_id)


@pytest.mark.usefixtures("_both")
@given(given=options)
@example(given={"priority": 5.0})
@example(given={"run_after": datetime(9999, 12, 31, tzinfo=UTC)})
@example(given={"run_after": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))})
@example(given={"timeout": LONGEST_TIME, "expires": CENTURY, "result_ttl": LONGEST_TIME})
@example(given={"run_after": CENTURY, "expires": CENTURY})
@example(given={"retry": {"attempts": 1_000_000, "wait": CENTURY, "jitter": 1}})
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_accepted_runs_on_both_brokers(given: dict[str, Any]) -> None:
    found = [outcome(given, alias) for alias in BROKERS]

    for one in found:
        if isinstance(one, str):
            assert all(isinstance(each, str) for each in found), "one of them took it"
            assert one.endswith(".")
            assert len(one) < 500
            assert any(name in one for name in [*given, "Retry", "Queue", "options"])
        elif one is not None:  # the result of a success may not be kept
            assert one.state.is_final
            assert {failure.exception for failure in one.failures} <= EXPECTED
            assert isinstance(one.job.priority, int)
            assert one.state is State.SUCCEEDED or one.failures


FROM_0 = "give seconds or a timedelta, from 0 seconds to 100 years"
ABOVE_0 = "give seconds or a timedelta, from 0.001 seconds to 100 years"
SENTENCES: dict[str, tuple[Any, str]] = {
    "timeout": (float("inf"), f"Task fail_once: timeout=inf: {ABOVE_0}, or None for no limit."),
    "expires": (0, f"Task fail_once: expires=0: {ABOVE_0}, or None for a job that never expires."),
    "result_ttl": (
        timedelta(days=36_501),
        (
            "Task fail_once: result_ttl=datetime.timedelta(days=36501):"
            f" {FROM_0}, or None for what the backend says."
        ),
    ),
    "priority": (
        HUGE,
        (
            "Task fail_once: priority=a number of hundreds of digits: priority must be a whole"
            " number between -100 and 100. Jobs with a higher one run sooner."
        ),
    ),
    "queue_name": (
        "*",
        "Task fail_once: queue_name='*': use 1 to 100 letters a-z, digits, '-', '_' or '.'.",
    ),
    "retry": (
        {"wait": [1, float("nan")]},
        (
            f"Retry(wait=nan): {FROM_0}, a sequence of them, or a function of the attempt and the"
            " error."
        ),
    ),
    "retry ": (
        {"attempts": 0},
        "Retry(attempts=0): give a whole number from 1 to 1,000,000.",
    ),
    "retry  ": (
        {"wait": LONG},
        (
            "The options of tests.apps.backend_site.tasks.fail_once that this call changed take"
            " 100,087 bytes, more than the 65,536 that travel with a job. Give them to @task."
        ),
    ),
}


@pytest.mark.usefixtures("_both")
@pytest.mark.parametrize("alias", BROKERS)
@pytest.mark.parametrize("option", SENTENCES)
def test_the_sentence_says_what_to_give(option: str, alias: str) -> None:
    value, sentence = SENTENCES[option]
    assert outcome({option.strip(): value}, alias) == sentence


@pytest.mark.usefixtures("_both")
@pytest.mark.parametrize("alias", BROKERS)
@pytest.mark.parametrize("far", [datetime(9999, 12, 31, tzinfo=UTC), timedelta.max])
def test_a_time_that_never_comes_is_refused(far: Any, alias: str) -> None:
    with pytest.raises(InvalidTask, match=r"run_after=.*at most 100 years away; or None for at"):
        tasks.fail_once.using(run_after=far, backend=alias)
