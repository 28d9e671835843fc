"""The setting `JOB_DASHBOARD`, from the environment or by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import environ
import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from pytest_django import Settings

from django_jobs.conf import dashboard_from_env
from django_jobs.dashboard.conf import options


class FakeEnv(environ.Env):  # type: ignore[misc]  # it has no types
    """An environment of the test's own."""

    def __init__(self, **variables: str) -> None:
        super().__init__()
        self.ENVIRON = variables


@pytest.fixture(autouse=True)
def read_again() -> Iterator[None]:
    """What was read from the environment holds for the whole process."""
    options.cache_clear()
    yield
    options.cache_clear()


def found_by_checks() -> list[str]:
    return [found.id or "" for found in run_checks() if "dashboard" in (found.id or "")]


def test_without_variables_nobody_comes_in_by_password() -> None:
    assert dashboard_from_env(FakeEnv()) == {
        "USERNAME": "",
        "PASSWORD": "",
        "TOKEN": "",
        "ALLOW_HTTP": False,
    }


def test_variables_are_read_as_they_are_written() -> None:
    env = FakeEnv(
        JOB_DASHBOARD_USERNAME="ops",
        JOB_DASHBOARD_PASSWORD="$HOME #1 \n",
        JOB_DASHBOARD_TOKEN="t",
        JOB_DASHBOARD_ALLOW_HTTP="Yes",
    )
    assert dashboard_from_env(env) == {
        "USERNAME": "ops",
        "PASSWORD": "$HOME #1 ",
        "TOKEN": "t",
        "ALLOW_HTTP": True,
    }


def test_an_invalid_boolean_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="JOB_DASHBOARD_ALLOW_HTTP: give true or false"):
        dashboard_from_env(FakeEnv(JOB_DASHBOARD_ALLOW_HTTP="perhaps"))


def test_without_a_setting_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JOB_DASHBOARD_USERNAME", "ops")
    monkeypatch.setenv("JOB_DASHBOARD_PASSWORD", "sesame")
    assert options().has_basic_auth
    assert "sesame" not in repr(options())


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sesame", "must be a dict with the keys USERNAME, PASSWORD, TOKEN, ALLOW_HTTP"),
        ({"NAME": "ops"}, "has no key 'NAME'"),
        ({"PASSWORD": b"sesame"}, "must be a str"),
        ({"ALLOW_HTTP": "no"}, "must be a bool"),
        ({"USERNAME": "ops"}, "has only one of"),
        ({"PASSWORD": "sesame"}, "has only one of"),
    ],
)
def test_a_setting_that_cannot_be_used_is_an_error(
    setting: Any, message: str, settings: Settings
) -> None:
    settings.JOB_DASHBOARD = setting
    with pytest.raises(ImproperlyConfigured, match=message) as refused:
        options()
    assert "sesame" not in str(refused.value)
    assert found_by_checks() == ["django_jobs_dashboard.E001"]


def test_without_htmx_a_warning_says_what_is_missing(settings: Settings) -> None:
    assert found_by_checks() == []
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django_htmx"]
    assert found_by_checks() == ["django_jobs_dashboard.W001"]


@pytest.mark.django_db
def test_its_migration_is_complete() -> None:
    call_command("makemigrations", "django_jobs_dashboard", check=True, dry_run=True, verbosity=0)


def test_limits_of_health_are_read_from_variables_that_are_set() -> None:
    env = FakeEnv(JOB_DASHBOARD_MIN_WORKERS="2", JOB_DASHBOARD_MAX_LATENCY="0")
    found = dashboard_from_env(env)
    assert (found["MIN_WORKERS"], found["MAX_LATENCY"]) == (2, 0)


@pytest.mark.parametrize("value", ["-1", "two", "1.5", "²"])
def test_a_threshold_that_is_not_a_number_is_refused(value: str, settings: Settings) -> None:
    with pytest.raises(ImproperlyConfigured, match="JOB_DASHBOARD_MIN_WORKERS: give a whole"):
        dashboard_from_env(FakeEnv(JOB_DASHBOARD_MIN_WORKERS=value))
    for wrong in (value, -1, True, 1.5):
        settings.JOB_DASHBOARD = {"MIN_WORKERS": wrong}
        with pytest.raises(ImproperlyConfigured, match="must be a whole number, 0 or more"):
            options()
