"""The `TASKS` setting from environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.views.debug import SafeExceptionReporterFilter

from django_jobs.conf import tasks_from_env
from django_jobs.conf.options import ThreadPoolOptions
from django_jobs.conf.redis_options import RedisOptions


def env_of(variables: Mapping[str, str], **scheme: Any) -> environ.Env:
    given = type("GivenEnv", (environ.Env,), {"ENVIRON": dict(variables)})
    return given(**scheme)


def default_backend(**variables: str) -> dict[str, Any]:
    backend: dict[str, Any] = tasks_from_env(env_of(variables))["default"]
    return backend


def refusal(**variables: str) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        default_backend(**variables)
    return str(caught.value)


# --- JOB_BACKEND -------------------------------------------------------------------------------


@pytest.mark.parametrize("variables", [{}, {"JOB_BACKEND": ""}, {"JOB_BACKEND": "async"}])
def test_without_a_choice_jobs_run_in_threads_of_this_process(variables: dict[str, str]) -> None:
    assert default_backend(**variables) == {
        "BACKEND": "django_jobs.backends.ThreadPoolBackend",
        "QUEUES": ["critical", "default", "mailers", "low"],
        "OPTIONS": {"queues": {"critical": 100, "default": 50, "mailers": 25, "low": 1}},
    }


def test_redis_is_one_variable_away() -> None:
    backend = default_backend(JOB_BACKEND="redis")
    assert backend["BACKEND"] == "django_jobs.backends.RedisBackend"
    assert backend["OPTIONS"]["url"] == "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize(
    ("choice", "path"),
    [
        ("inline", "django_jobs.backends.InlineBackend"),
        ("dummy", "django_jobs.backends.DummyBackend"),
        ("tests.apps.rival.Backend", "tests.apps.rival.Backend"),
    ],
)
def test_backends_without_options_of_ours_get_their_queues_only(choice: str, path: str) -> None:
    backend = default_backend(JOB_BACKEND=choice, JOB_QUEUES="default,mailers", JOB_PROCESSES="2")
    assert backend == {"BACKEND": path, "QUEUES": ["default", "mailers"]}


def test_our_backend_by_its_dotted_path_is_the_same_as_by_its_name() -> None:
    by_path = default_backend(JOB_BACKEND="django_jobs.backends.RedisBackend")
    assert by_path == default_backend(JOB_BACKEND="redis")


@pytest.mark.parametrize("choice", ["redos", "Redis", "a..b", ".", "redis backend", "a.b-c"])
def test_any_other_backend_is_refused_with_the_choices(choice: str) -> None:
    message = refusal(JOB_BACKEND=choice)
    assert message.startswith(f"JOB_BACKEND: Unknown backend {choice!r}.")
    assert "Valid: async, redis, inline, dummy." in message
    assert "dotted path" in message


def test_the_nearest_backend_is_suggested() -> None:
    assert "Did you mean 'redis'?" in refusal(JOB_BACKEND="Reddis")


@pytest.mark.parametrize(
    ("choice", "meant"),
    [("threads", "async"), ("ThreadPool", "async"), ("memory", "async"), ("sync", "inline")],
)
def test_a_backend_by_a_name_of_other_packages_is_understood(choice: str, meant: str) -> None:
    assert f"Did you mean {meant!r}?" in refusal(JOB_BACKEND=choice)


@pytest.mark.parametrize(
    "choice", ["foo.Bar", "foo.bar.Bar", "django_jobs.foo.Bar", "json.foo.Bar"]
)
def test_a_backend_whose_module_is_not_there_is_refused(choice: str) -> None:
    module = choice.rpartition(".")[0]
    assert refusal(JOB_BACKEND=choice).startswith(
        f"JOB_BACKEND: there is no module {module!r} for {choice!r}."
    )


def test_going_back_to_the_thread_pool_works_whatever_is_wrong_with_redis() -> None:
    assert default_backend(REDIS_URL="nonsense", REDIS_PROVIDER="MISSING") == default_backend()


# --- where Redis is ----------------------------------------------------------------------------


def test_the_password_comes_apart_from_the_url_untouched() -> None:
    options = default_backend(
        JOB_BACKEND="redis", REDIS_URL="redis://redis:6379/0", REDIS_PASSWORD="p@ss/w%20rd#"
    )["OPTIONS"]
    assert (options["url"], options["password"]) == ("redis://redis:6379/0", "p@ss/w%20rd#")


def test_a_password_that_starts_with_a_dollar_sign_is_not_taken_for_a_variable() -> None:
    options = default_backend(JOB_BACKEND="redis", REDIS_PASSWORD="$ecret")["OPTIONS"]
    assert options["password"] == "$ecret"


def test_a_password_in_the_url_wins_and_leaves_it() -> None:
    options = default_backend(
        JOB_BACKEND="redis", REDIS_URL="redis://ann:in%2Fside@h/0", REDIS_PASSWORD="given"
    )["OPTIONS"]
    assert options["url"] == "redis://h/0"
    assert (options["username"], options["password"]) == ("ann", "in/side")


def test_a_user_name_in_the_url_goes_with_a_separate_password() -> None:
    options = default_backend(
        JOB_BACKEND="redis", REDIS_URL="redis://ann@h/0", REDIS_PASSWORD="given"
    )["OPTIONS"]
    assert (options["username"], options["password"]) == ("ann", "given")


def test_django_s_error_page_shows_no_password() -> None:
    tasks = tasks_from_env(env_of({"JOB_BACKEND": "redis", "REDIS_URL": "redis://:hunter2@h"}))
    shown = SafeExceptionReporterFilter().cleanse_setting("TASKS", tasks)
    assert "hunter2" not in repr(shown)


def test_a_secret_in_a_file_is_read_by_django_environ(tmp_path: Path) -> None:
    secret = tmp_path / "redis"
    secret.write_text("from-file\n")
    files = environ.FileAwareEnv.ENVIRON.__class__(
        {"JOB_BACKEND": "redis", "REDIS_PASSWORD_FILE": str(secret)}
    )
    env = type("GivenEnv", (environ.FileAwareEnv,), {"ENVIRON": files})()
    assert tasks_from_env(env)["default"]["OPTIONS"]["password"] == "from-file"


def test_a_malformed_address_names_its_variable_and_hides_the_password() -> None:
    message = refusal(JOB_BACKEND="redis", REDIS_URL="redis://:hunter2@h:6379/jobs")
    assert message.startswith("REDIS_URL: redis://:***@h:6379/jobs has an odd database")


def test_the_provider_names_the_variable_with_the_address() -> None:
    options = default_backend(
        JOB_BACKEND="redis",
        REDIS_PROVIDER="OPENREDIS_URL",
        OPENREDIS_URL="rediss://h:6380/0",
        REDIS_URL="redis://other",
    )["OPTIONS"]
    assert options["url"] == "rediss://h:6380/0"


def test_the_provider_may_name_the_variable_that_is_meant_anyway() -> None:
    options = default_backend(
        JOB_BACKEND="redis", REDIS_PROVIDER="REDIS_URL", REDIS_URL="redis://h"
    )["OPTIONS"]
    assert options["url"] == "redis://h"


def test_a_malformed_address_of_a_provider_names_its_variable() -> None:
    message = refusal(JOB_BACKEND="redis", REDIS_PROVIDER="OPENREDIS_URL", OPENREDIS_URL="h:6379")
    assert message.startswith("OPENREDIS_URL: give a URL such as redis://")


def test_a_provider_that_is_an_address_is_refused_without_showing_it() -> None:
    message = refusal(JOB_BACKEND="redis", REDIS_PROVIDER="redis://:hunter2@h")
    assert message.startswith("REDIS_PROVIDER: give the name of the variable")
    assert "hunter2" not in message


def test_a_provider_that_names_nothing_says_which_variable_is_missing() -> None:
    message = refusal(JOB_BACKEND="redis", REDIS_PROVIDER="OPENREDIS_URL")
    assert message.startswith(
        "REDIS_PROVIDER: it names OPENREDIS_URL, but that variable is not set"
    )


# --- what the worker does ----------------------------------------------------------------------


def test_queues_and_weights_come_from_one_variable() -> None:
    backend = default_backend(JOB_QUEUES="mailers:3, default")
    assert backend["QUEUES"] == ["mailers", "default"]
    assert backend["OPTIONS"]["queues"] == {"mailers": 3, "default": 1}


def test_mail_and_tasks_of_other_apps_are_served_though_nobody_listed_their_queues() -> None:
    backend = default_backend(JOB_QUEUES="fast:10")
    assert backend["QUEUES"] == ["fast", "default", "mailers"]
    assert backend["OPTIONS"]["queues"] == {"fast": 10, "default": 1, "mailers": 1}


def test_numbers_become_options() -> None:
    options = default_backend(
        JOB_BACKEND="redis",
        JOB_CONCURRENCY="20",
        JOB_PROCESSES=" 4 ",
        JOB_SHUTDOWN_TIMEOUT="7.5",
    )["OPTIONS"]
    checked = RedisOptions.from_dict("default", options)
    assert (checked.concurrency, checked.processes, checked.shutdown_timeout) == (20, 4, 7.5)


def test_the_thread_pool_takes_the_numbers_that_concern_it() -> None:
    options = default_backend(JOB_CONCURRENCY="2", JOB_PROCESSES="4")["OPTIONS"]
    assert ThreadPoolOptions.from_dict("default", options).concurrency == 2
    assert "processes" not in options


def test_all_that_operators_tune_comes_from_the_environment() -> None:
    options = default_backend(
        JOB_BACKEND="redis",
        JOB_ASYNC_CONCURRENCY="50",
        JOB_STRICT="yes",
        JOB_MAX_JOBS="10000",
        JOB_MAX_MEMORY="512",
        JOB_RESTART_AFTER_TIMEOUT="1",
        JOB_LEASE="40",
        JOB_SOCKET_TIMEOUT="2.5",
        JOB_RESULT_TTL="60",
    )["OPTIONS"]
    checked = RedisOptions.from_dict("default", options)
    assert (checked.async_concurrency, checked.strict, checked.max_jobs) == (50, True, 10_000)
    assert checked.max_memory == 512
    assert (checked.restart_after_timeout, checked.lease) == (True, 40.0)
    assert (checked.socket_timeout, checked.result_ttl) == (2.5, 60.0)


def test_a_worker_can_be_given_some_of_the_queues() -> None:
    variables = {"JOB_QUEUES": "fast:10,default,mailers", "JOB_WORKER_QUEUES": "mailers:2,fast"}
    redis = default_backend(JOB_BACKEND="redis", **variables)
    assert redis["QUEUES"] == ["fast", "default", "mailers"]
    assert redis["OPTIONS"]["queues"] == {"mailers": 2, "fast": 1}
    # Nobody else could serve the other queues of a process.
    threads = default_backend(**variables)
    assert threads["OPTIONS"]["queues"] == {"fast": 10, "default": 1, "mailers": 1}


def test_a_worker_s_queue_that_the_site_does_not_have_is_refused() -> None:
    message = refusal(JOB_BACKEND="redis", JOB_QUEUES="fast", JOB_WORKER_QUEUES="fats:2")
    assert message.startswith("JOB_WORKER_QUEUES: Unknown queue 'fats'. Did you mean 'fast'?")
    assert "JOB_QUEUES lists all queues of the site" in message


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("JOB_ASYNC_CONCURRENCY", "0", "give a whole number from 1 to 100,000, not 0."),
        ("JOB_MAX_JOBS", "many", "give a whole number from 1 to 1,000,000,000, not 'many'."),
        ("JOB_MAX_MEMORY", "1G", "give a whole number from 1 to 1,000,000, not '1G'."),
        ("JOB_STRICT", "maybe", "give true or false, not 'maybe'."),
        ("JOB_LEASE", "1", "give seconds or a timedelta, from 2 seconds to 1 hour, not 1.0."),
        ("JOB_SOCKET_TIMEOUT", "0", "give seconds or a timedelta, from 0.1 seconds to 10 minutes"),
        ("JOB_RESULT_TTL", "-1", "give seconds or a timedelta, from 0 seconds to 100 years,"),
        ("JOB_WORKER_QUEUES", "low:heavy", "the weight of queue 'low' must be a whole number"),
        ("JOB_CONCURRENCY", "five", "give a whole number from 1 to 1,000, not 'five'."),
        ("JOB_CONCURRENCY", "0", "give a whole number from 1 to 1,000, not 0."),
        ("JOB_PROCESSES", "1.5", "give a whole number from 1 to 256, not '1.5'."),
        ("JOB_SHUTDOWN_TIMEOUT", "25s", "give seconds or a timedelta, from 0 seconds to 1 day,"),
        ("JOB_SHUTDOWN_TIMEOUT", "nan", "give seconds or a timedelta, from 0 seconds to 1 day,"),
        ("JOB_QUEUES", "low:heavy", "the weight of queue 'low' must be a whole number from 1"),
        ("JOB_QUEUES", "two words", "the queue name 'two words' is not allowed: use 1 to 100"),
        ("JOB_QUEUES", "low,low", "queue 'low' is named twice"),
    ],
)
def test_a_bad_value_names_its_variable_and_what_to_give(
    variable: str, value: str, rule: str
) -> None:
    message = refusal(JOB_BACKEND="redis", **{variable: value})
    assert message.startswith(f"{variable}: {rule}")


# --- django-environ's own features -------------------------------------------------------------


def test_defaults_given_to_django_environ_hold() -> None:
    env = env_of({}, JOB_BACKEND=(str, "redis"), JOB_CONCURRENCY=(int, 3), REDIS_URL=(str, None))
    backend = tasks_from_env(env)["default"]
    assert backend["BACKEND"] == "django_jobs.backends.RedisBackend"
    assert backend["OPTIONS"]["concurrency"] == 3


def test_a_prefix_of_django_environ_is_part_of_the_names() -> None:
    env = env_of({"SHOP_JOB_BACKEND": "redis", "SHOP_JOB_PROCESSES": "0"})
    env.prefix = "SHOP_"
    with pytest.raises(ImproperlyConfigured, match=r"^SHOP_JOB_PROCESSES: "):
        tasks_from_env(env)


def test_a_variable_may_point_to_another_one() -> None:
    backend = default_backend(JOB_BACKEND="redis", REDIS_URL="$CACHE_URL", CACHE_URL="redis://c")
    assert backend["OPTIONS"]["url"] == "redis://c"


def test_the_process_s_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_BACKEND", "dummy")
    assert tasks_from_env()["default"]["BACKEND"] == "django_jobs.backends.DummyBackend"
