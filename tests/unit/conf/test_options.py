"""Options of the backends, and the messages for invalid ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.options import BackendOptions, ThreadPoolOptions
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.tasks.retry import Retry
from tests.unit.conf.helpers import refusal

FROM_0 = "give seconds or a timedelta, from 0 seconds"
DAYS_36501 = repr(timedelta(days=36_501))


def test_without_options_the_defaults_hold() -> None:
    options = BackendOptions.from_dict("default", {})
    assert options == BackendOptions()
    assert options.max_payload == 512 * 1024
    assert options.result_ttl == 3600


def test_the_redis_backend_has_more_threads_than_the_pool_in_the_web_process() -> None:
    assert (ThreadPoolOptions().concurrency, RedisOptions().concurrency) == (5, 10)


def test_valid_values_are_taken_over() -> None:
    policy = Retry(attempts=3)
    given = {"retry": policy, "enqueue_on_commit": False, "concurrency": 7, "namespace": "shop-2"}
    options = RedisOptions.from_dict("default", given)
    assert options == RedisOptions(
        retry=policy, enqueue_on_commit=False, concurrency=7, namespace="shop-2"
    )


@pytest.mark.parametrize("given", [90, 90.0, timedelta(seconds=90)])
def test_a_time_may_be_seconds_or_a_timedelta(given: object) -> None:
    options = RedisOptions.from_dict("default", {"lease": given, "result_ttl": given})
    assert (options.lease, options.result_ttl) == (90.0, 90.0)


def test_an_unknown_option_names_its_place_and_the_nearest_valid_one() -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        ThreadPoolOptions.from_dict("mail", {"max_queue": 5})
    message = str(caught.value)
    assert message.startswith("TASKS['mail']['OPTIONS']: Unknown option 'max_queue'.")
    assert "Did you mean 'max_queued'?" in message


def test_options_of_the_other_backend_are_unknown() -> None:
    assert "Unknown option 'url'" in refusal({"url": "redis://h"}, ThreadPoolOptions)


def test_options_that_are_no_dict_are_refused() -> None:
    message = refusal(["concurrency"])  # type: ignore[arg-type]
    assert message == "TASKS['default']['OPTIONS']: give a dict, not list."


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("retry", 3, "give a django_jobs.Retry(…) or None, not 3."),
        ("enqueue_on_commit", "yes", "give True or False, not 'yes'."),
        ("max_payload", 0, "give a whole number from 1 to 536,870,912, not 0."),
        ("max_payload", float("inf"), "give a whole number from 1 to 536,870,912, not inf."),
        ("result_ttl", timedelta(days=36_501), f"{FROM_0} to 100 years, not {DAYS_36501}."),
        ("result_ttl", float("inf"), f"{FROM_0} to 100 years, not inf."),
        ("max_payload", 1.5, "give a whole number from 1 to 536,870,912, not 1.5."),
        ("concurrency", True, "give a whole number from 1 to 1,000, not True."),
        ("concurrency", "5", "give a whole number from 1 to 1,000, not '5'."),
        ("async_concurrency", -1, "give a whole number from 1 to 100,000, not -1."),
        ("shutdown_timeout", -1, f"{FROM_0} to 1 day, not -1."),
        ("lease", 1, "give seconds or a timedelta, from 2 seconds to 1 hour, not 1."),
        ("lease", float("nan"), "give seconds or a timedelta, from 2 seconds to 1 hour, not nan."),
        ("lease", False, "give seconds or a timedelta, from 2 seconds to 1 hour, not False."),
        ("namespace", "a{b}", "give 1 to 64 letters, digits, '-' or '_', not 'a{b}'."),
        ("namespace", 7, "give 1 to 64 letters, digits, '-' or '_', not 7."),
        ("processes", 0, "give a whole number from 1 to 256, not 0."),
        ("max_jobs", 0, "give a whole number from 1 to 1,000,000,000, not 0."),
        ("max_memory", "1G", "give a whole number from 1 to 1,000,000, not '1G'."),
    ],
)
def test_a_wrong_value_names_its_option_and_what_to_give(
    key: str, value: object, rule: str
) -> None:
    assert refusal({key: value}) == f"TASKS['default']['OPTIONS'][{key!r}]: {rule}"


def test_an_option_from_elsewhere_is_named_as_it_was_written() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^JOB_CONCURRENCY: give a whole number"):
        RedisOptions.from_dict("default", {"concurrency": 0}, {"concurrency": "JOB_CONCURRENCY"})


@pytest.mark.parametrize("given", [7, [7], [("a", 1, 2)], {"a": True}, {7: 1}])
def test_queues_in_an_odd_shape_are_refused_by_their_option_s_name(given: object) -> None:
    assert refusal({"queues": given}).startswith("TASKS['default']['OPTIONS']['queues']: ")
