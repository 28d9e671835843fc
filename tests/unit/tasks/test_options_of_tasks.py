"""Invalid options of a task are refused at its declaration."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import Retry, task
from django_jobs.compat import InvalidTask
from django_jobs.periodic_tasks.registry import periodic


def do_nothing() -> None:
    """What the tasks of these tests would do."""


@pytest.mark.parametrize("kind", ["OSError", int, 5, None])
def test_a_retry_refuses_anything_but_exception_classes_and_paths(kind: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Retry\(on=.*'builtins\.OSError'"):
        Retry(on=(kind,))


@pytest.mark.parametrize("kind", ["OSError", int, 5])
def test_discard_on_refuses_anything_but_exception_classes_and_paths(kind: Any) -> None:
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


@pytest.mark.parametrize("name", ["*", "a b", "größe", "x" * 101, 7])
def test_a_queue_of_the_site_has_a_name_that_every_part_can_carry(name: Any, settings: Any) -> None:
    settings.TASKS = {
        "default": {"BACKEND": "django_jobs.backends.DummyBackend", "QUEUES": ["default", name]}
    }
    with pytest.raises(ImproperlyConfigured, match=r"TASKS\['default'\]\['QUEUES'\]: the queue"):
        task(do_nothing)


@pytest.mark.parametrize("value", ["high", None, [1], True])
def test_a_priority_that_is_no_number_is_refused_by_its_name(value: Any) -> None:
    message = r"do_nothing: priority=.*: priority must be a whole number between -100 and 100\."
    with pytest.raises(InvalidTask, match=message):
        task(priority=value)(do_nothing)


@pytest.mark.parametrize("value", [5, 2.5, "tomorrow", date(2030, 1, 1)])
def test_a_run_after_that_is_no_time_is_refused_by_its_name(value: Any) -> None:
    declared = task(do_nothing)
    with pytest.raises(InvalidTask, match=r"do_nothing: run_after=.*timedelta\(seconds=…\)"):
        declared.using(run_after=value)


def test_a_catch_up_that_is_no_switch_is_refused_by_its_name() -> None:
    with pytest.raises(TypeError, match="catch_up='no': give True or False"):
        periodic("@daily", catch_up="no")  # type: ignore[arg-type]
