"""What `manage.py check` says about recaps."""

from __future__ import annotations

import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from pytest_django import Settings

from django_jobs import Limit

BASE = "django_jobs_recap."


def messages() -> list[CheckMessage]:
    return [message for message in run_checks() if str(message.id).startswith(BASE)]


def found() -> dict[str, str]:
    return {str(message.id).removeprefix(BASE): message.msg for message in messages()}


@pytest.mark.usefixtures("redis_backend")
def test_a_complete_setting_is_accepted() -> None:
    assert found() == {}


def test_a_backend_that_is_not_persistent_is_reported() -> None:
    assert found() == {
        "W001": "No recaps are sent, because the default task backend keeps jobs in memory."
    }


@pytest.mark.usefixtures("redis_backend")
@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("RECIPIENTS", None, "JOB_RECAP['RECIPIENTS'] is missing. Set it to the dotted path"),
        (
            "CONTENT",
            "tests.apps.recap_site.content.gone",
            "names 'tests.apps.recap_site.content.gone', which cannot be imp",
        ),
        ("CONTENT", "nonsense", "names 'nonsense', which cannot be imported"),
        ("CONTENT", "tests.apps.recap_site.content.NOT_CALLABLE", "which is not callable"),
        ("BASE_URL", None, "JOB_RECAP['BASE_URL'] must be the scheme and host"),
        ("BASE_URL", "feedback.example.com", "not 'feedback.example.com'"),
        ("BASE_URL", "ftp://example.com", "not 'ftp://example.com'"),
        ("BASE_URL", "https://example.com/board/", "not 'https://example.com/board/'"),
        ("LIMITS", [Limit(2), 5], "JOB_RECAP['LIMITS'] must be a django_jobs.Limit or"),
        ("LIMITS", "60/m", "not '60/m'."),
        ("CONTENTS", "x", "JOB_RECAP has no key 'CONTENTS'. Its keys are RECIPIENTS, CONTENT,"),
    ],
)
def test_each_problem_is_reported_in_a_sentence(
    settings: Settings, key: str, value: object, sentence: str
) -> None:
    settings.JOB_RECAP = {**settings.JOB_RECAP, key: value}

    (message,) = messages()
    assert message.id == f"{BASE}E001"
    assert sentence in message.msg


@pytest.mark.usefixtures("redis_backend")
def test_each_missing_key_is_reported(settings: Settings) -> None:
    del settings.JOB_RECAP

    assert [message.id for message in messages()] == [f"{BASE}E001"] * 3


@pytest.mark.usefixtures("redis_backend")
def test_a_setting_of_another_type_is_reported(settings: Settings) -> None:
    settings.JOB_RECAP = "feedback.recap"

    assert found()["E001"].startswith("JOB_RECAP must be a dict with the keys RECIPIENTS,")


@pytest.mark.usefixtures("redis_backend")
def test_missing_time_zone_support_is_reported(settings: Settings) -> None:
    settings.USE_TZ = False

    assert "USE_TZ = True" in found()["E002"]


@pytest.mark.usefixtures("redis_backend")
def test_a_missing_unsubscribe_page_is_reported(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.apps.worker_site.urls"

    assert found() == {"E003": "Recaps have no unsubscribe page."}


@pytest.mark.django_db
def test_the_migrations_equal_the_models() -> None:
    call_command("makemigrations", "django_jobs_recap", check=True, dry_run=True, verbosity=0)
