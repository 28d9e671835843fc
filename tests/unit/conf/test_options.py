"""What the backends may be told, and what they say to what they may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.options import BackendOptions, RedisOptions, ThreadPoolOptions
from django_jobs.conf.queues import QueueWeight, parse_queue, parse_queues
from django_jobs.conf.redis_url import read_redis_url, redact_url
from django_jobs.suggest import unknown_name
from django_jobs.tasks.retry import Retry

FROM_0 = "give seconds or a timedelta, from 0 seconds"
DAYS_36501 = repr(timedelta(days=36_501))


def refusal(options: dict, kind: type[BackendOptions] = RedisOptions) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        kind.from_dict("default", options)
    return str(caught.value)


# --- names that are not known ------------------------------------------------------------------


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    sentence = unknown_name("option", "retrys", ["retry", "timeout"])
    assert sentence == "Unknown option 'retrys'. Did you mean 'retry'? Valid: retry, timeout."


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert "Did you mean 'timeout'?" in unknown_name("option", "TIMEOUT", ["retry", "timeout"])


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    assert unknown_name("option", "zzz", ["retry"]) == "Unknown option 'zzz'. Valid: retry."


def test_where_nothing_is_valid_the_sentence_says_so() -> None:
    assert unknown_name("option", "zzz", []) == "Unknown option 'zzz'. Valid: none."


# --- options -----------------------------------------------------------------------------------


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
    ],
)
def test_a_wrong_value_names_its_option_and_what_to_give(
    key: str, value: object, rule: str
) -> None:
    assert refusal({key: value}) == f"TASKS['default']['OPTIONS'][{key!r}]: {rule}"


def test_an_option_from_elsewhere_is_named_as_it_was_written() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^JOB_CONCURRENCY: give a whole number"):
        RedisOptions.from_dict("default", {"concurrency": 0}, {"concurrency": "JOB_CONCURRENCY"})


# --- queues ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "critical:100, low",
        {"critical": 100, "low": 1},
        [("critical", 100), "low"],
        ["critical:100", ("low", 1)],
        (QueueWeight("critical", 100), QueueWeight("low")),
    ],
)
def test_queues_may_be_written_in_several_ways(given: object) -> None:
    options = BackendOptions.from_dict("default", {"queues": given})
    assert options.queues == (QueueWeight("critical", 100), QueueWeight("low", 1))


def test_a_queue_without_a_weight_weighs_one() -> None:
    assert parse_queue("low") == QueueWeight("low", 1)


@pytest.mark.parametrize("name", ["a", "x" * 100, "mails.eu-west_1"])
def test_letters_digits_and_three_signs_make_a_queue_name(name: str) -> None:
    assert parse_queue(f"{name}:3") == QueueWeight(name, 3)


@pytest.mark.parametrize("name", ["", "two words", "näh", "x" * 101, "a/b", "{a}", "a\nb"])
def test_other_queue_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"queue name .* is not allowed: use 1 to 100 letters"):
        parse_queue(name)


@pytest.mark.parametrize("weight", ["0", "1001", "-1", "1.5", "", "x", "²", "1e2", "9" * 5000])
def test_weights_are_whole_numbers_from_1_to_1000(weight: str) -> None:
    with pytest.raises(ValueError, match="weight of queue 'low' must be a whole number from 1 to"):
        parse_queue(f"low:{weight}")


def test_a_queue_that_is_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="queue 'low' is named twice"):
        parse_queues("low:1,default:2,low:3")


@pytest.mark.parametrize("given", [7, [7], [("a", 1, 2)], {"a": True}, {7: 1}])
def test_queues_in_an_odd_shape_are_refused_by_their_option_s_name(given: object) -> None:
    assert refusal({"queues": given}).startswith("TASKS['default']['OPTIONS']['queues']: ")


# --- the address of Redis ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "redis://127.0.0.1:6379/0",
        "redis://[::1]:6379/15",
        "redis://h:6379/",
        "redis://h:6379?db=3",
        "rediss://h:6380/0?ssl_ca_certs=/etc/ca.pem&ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=2",
    ],
)
def test_an_address_without_secrets_stays_as_it_is(url: str) -> None:
    options = RedisOptions.from_dict("default", {"url": url})
    assert (options.url, options.username, options.password) == (url, None, None)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("valkey://h:6379/1", "redis://h:6379/1"),
        ("valkeys://h:6379/1", "rediss://h:6379/1"),
        ("REDIS://h:6379/1", "redis://h:6379/1"),
        ("  redis://h:6379/1\n", "redis://h:6379/1"),
    ],
)
def test_synonyms_are_written_as_redis_knows_them(given: str, url: str) -> None:
    assert read_redis_url(given).url == url


@pytest.mark.parametrize(
    ("given", "url", "username", "password"),
    [
        ("redis://:secret@h:6379/0", "redis://h:6379/0", None, "secret"),
        ("redis://ann:p%40ss%2F%3F%23%25@h/0", "redis://h/0", "ann", "p@ss/?#%"),
        ("redis://ann@h/0", "redis://h/0", "ann", None),
        ("unix://ann:secret@/run/r.sock?db=1", "unix:///run/r.sock?db=1", "ann", "secret"),
        ("unix:///r.sock?username=ann&db=1&password=a%26b", "unix:///r.sock?db=1", "ann", "a&b"),
        ("redis://h?password=secret", "redis://h", None, "secret"),
    ],
)
def test_credentials_leave_the_url(
    given: str, url: str, username: str | None, password: str | None
) -> None:
    options = RedisOptions.from_dict("default", {"url": given})
    assert (options.url, options.username, options.password) == (url, username, password)


def test_credentials_in_the_url_win_over_the_options() -> None:
    given = {"url": "redis://:inside@h", "username": "ann", "password": "beside"}
    options = RedisOptions.from_dict("default", given)
    assert (options.username, options.password) == ("ann", "inside")


def test_a_password_beside_the_url_is_taken_as_it_is() -> None:
    options = RedisOptions.from_dict("default", {"url": "redis://h", "password": "p%40 /#@"})
    assert options.password == "p%40 /#@"


@pytest.mark.parametrize("given", [{"url": "redis://:hunter2@h"}, {"password": "hunter2"}])
def test_the_password_is_in_no_repr(given: dict) -> None:
    assert "hunter2" not in repr(RedisOptions.from_dict("default", given))
    assert "hunter2" not in repr(read_redis_url("redis://:hunter2@h"))


def test_a_password_of_a_wrong_type_is_refused_without_showing_it() -> None:
    message = refusal({"password": b"hunter2"})
    assert message.endswith("['password']: give a text or None, not a value of type bytes.")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (None, "this one has no 'redis://'"),
        ("localhost:6379", "this one has no 'redis://'"),
        ("reddis://h", "Unknown scheme 'reddis'. Did you mean 'redis'?"),
        ("http://h", "Unknown scheme 'http'."),
        ("redis:///0", "has no host"),
        ("redis://:6379/0", "has no host"),
        ("redis://h:0/0", "has port 0"),
        ("redis://h:65536/0", "has no valid host and port"),
        ("redis://[::1/0", "has no valid host and port"),
        ("redis://h /0", "contains white space"),
        ("redis://h/jobs", "has an odd database 'jobs'"),
        ("redis://h?db=one", "needs a whole number for 'db'"),
        ("redis://h#1", "cannot be read"),
        ("redis://h?decode_responses=True", "Unknown parameter 'decode_responses'"),
        ("redis://h?ssl_ca_certs=/ca.pem", "has 'ssl_ca_certs', which needs rediss://"),
        ("rediss://h?ssl_ca_cert=/ca.pem", "Did you mean 'ssl_ca_certs'?"),
        ("rediss://h?ssl_cert_reqs=maybe", "needs none, optional or required"),
        ("unix://", "names no socket"),
        ("unix://run/redis.sock", "names no socket"),
    ],
)
def test_a_malformed_address_says_what_is_wrong_with_it(url: str | None, complaint: str) -> None:
    message = refusal({"url": url})
    assert message.startswith("TASKS['default']['OPTIONS']['url']: ")
    assert complaint in message


SPELLINGS = ("Password", "PASSWORD", "passwd", "pwd", "auth", "pass%77ord", "sslkey", "db_", "x")
"""How people write a password's parameter, right or wrong."""


@pytest.mark.parametrize(
    "url",
    [
        "redis://ann:hunter2@h:port/0",
        "redis://ann:hunter2/x@h:6379/0",
        "redis://ann:x#hunter2@h:6379/0",
        "redis://ann:x?hunter2@h:6379/0",
        "redis://ann:hunter2@@h:6379/jobs",
        "redis://ann:hunter2 @h",
        "redis://:hunter2",
        "redis://hunter2@h/jobs",
        "http://ann:hunter2@h",
        "redis://h/jobs?password=hunter2",
        "unix://h/jobs?db=1&password=hunter2",
        *(f"redis://h/jobs?{name}=hunter2" for name in SPELLINGS),
        *(f"redis://h/jobs?db=1&{name}=hunter2&client_name=x" for name in SPELLINGS),
        "redis://h?db=1;password=hunter2",
        "redis://h?client_name=x;auth=hunter2&db=x",
        "redis://h?hunter2",
        "redis://h?db=1#hunter2",
        "redis://h#hunter2",
        "ann:hunter2@h",
        "hunter2",
    ],
)
def test_no_message_about_a_malformed_address_tells_its_password(url: str) -> None:
    assert "hunter2" not in refusal({"url": url})
    assert "hunter2" not in redact_url(url)


def test_a_redacted_url_still_shows_where_it_points() -> None:
    assert redact_url("rediss://ann:x@h:6379/0?db=1") == "rediss://ann:***@h:6379/0?db=1"
    assert redact_url("redis://[::1]:6379/0") == "redis://[::1]:6379/0"
    assert redact_url("unix:///run/redis.sock?db=1") == "unix:///run/redis.sock?db=1"
    parameters = "?ssl_ca_certs=/etc/ssl/ca%20two.pem&client_name=shop-1&password=***&x=***"
    assert redact_url(f"rediss://h{parameters.replace('***', 'x')}") == f"rediss://h{parameters}"


def test_a_password_is_kept_apart_however_its_parameter_is_encoded() -> None:
    address = read_redis_url("redis://h/1?pass%77ord=hunter2&db=1&user%6Eame=ann")

    assert (address.username, address.password) == ("ann", "hunter2")
    assert address.url == "redis://h/1?db=1"
