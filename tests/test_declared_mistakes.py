"""Mistakes in a task's options that would only show when a job fails, or never."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import Retry, task
from django_jobs.compat import InvalidTask


def do_nothing() -> None:
    """What the tasks of these tests would do."""


@pytest.mark.parametrize("kind", ["OSError", int, 5, None])
def test_what_is_no_kind_of_error_is_refused_by_a_retry(kind: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Retry\(on=.*'builtins\.OSError'"):
        Retry(on=(kind,))


@pytest.mark.parametrize("kind", ["OSError", int, 5])
def test_what_is_no_kind_of_error_is_refused_by_discard_on(kind: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"do_nothing: discard_on=.*'builtins\.OSError'"):
        task(discard_on=(kind,))(do_nothing)


def test_a_queue_that_the_site_does_not_have_is_named_with_those_it_has(settings: Any) -> None:
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.DummyBackend",
            "QUEUES": ["default", "mailers"],
        }
    }
    with pytest.raises(
        InvalidTask, match=r"'low' .*do_nothing.*JOB_QUEUES.*default, mailers.*queue_name"
    ):
        task(queue_name="low")(do_nothing)
