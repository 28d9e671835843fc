"""When no attempt follows, the task itself and receivers of signals are told."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import task
from django_jobs.backends import JobBackend
from django_jobs.clock import now_ms
from django_jobs.compat import task_finished
from django_jobs.signals import job_dead
from tests.apps.backend_site import deaths, tasks
from tests.integration.backends.helpers import connected
from tests.support.results import ended, succeeded
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    told: list[Any] = []
    monkeypatch.setattr(deaths, "told", told)
    return told


@pytest.mark.parametrize("task", [deaths.fail_thrice, deaths.fail_thrice_later])
def test_a_task_is_told_once_after_its_last_attempt(
    backend: JobBackend, told: list[Any], task: Any
) -> None:
    result = ended(task.enqueue())

    wait_until(lambda: told)
    assert told == [(result.id, "FAILED", "ValueError('no luck')", 3)]


def test_a_job_that_succeeds_or_is_discarded_by_its_own_wish_is_no_death(
    backend: JobBackend, told: list[Any]
) -> None:
    ended(deaths.discard.enqueue())
    succeeded(deaths.succeed.enqueue())
    last = ended(deaths.fail_thrice.enqueue())

    wait_until(lambda: told)
    assert [job_id for job_id, *_ in told] == [last.id]


def test_a_job_that_expired_is_told_of_too(backend: JobBackend, told: list[Any]) -> None:
    finished: list[str] = []

    def hear(*, task_result: Any, **_: Any) -> None:
        finished.append(task_result.id)

    with connected(task_finished, hear):
        inspection = backend.broker.inspection
        inspection.pause("default")
        result = deaths.succeed.using(expires=0.001).enqueue()
        began = now_ms()
        wait_until(lambda: now_ms() > began + 1)
        inspection.resume("default")
        ended(result)
        wait_until(lambda: told)

    ((job_id, status, error, _),) = told
    assert (job_id, status) == (result.id, "FAILED")
    assert error.startswith("JobExpired(")
    assert finished == [result.id]


@pytest.mark.parametrize("task", [deaths.fail_with_broken_hook, deaths.fail_with_exiting_hook])
def test_an_error_of_the_hook_is_logged_and_changes_nothing(
    backend: JobBackend, told: list[Any], task: Any, caplog: pytest.LogCaptureFixture
) -> None:
    result = ended(task.enqueue())
    wait_until(lambda: "The on_death of" in caplog.text)

    assert len(told) == 1
    result.refresh()
    assert result.errors[-1].exception_class is ValueError
    (record,) = (one for one in caplog.records if "The on_death of" in one.getMessage())
    assert record.levelno == logging.ERROR
    assert record.exc_info
    assert record.job_id == result.id  # type: ignore[attr-defined]
    succeeded(tasks.echo.enqueue())  # the worker goes on


def test_the_signal_comes_for_each_dead_job_with_its_error(backend: JobBackend) -> None:
    heard: list[dict[str, Any]] = []

    def hear(*, sender: type, **arguments: Any) -> None:
        assert sender is type(backend)
        heard.append(arguments)

    with connected(job_dead, hear):
        result = ended(deaths.fail_thrice.enqueue())
        ended(deaths.discard.enqueue())
        wait_until(lambda: heard)

    (arguments,) = heard
    assert arguments["job_id"] == result.id
    assert arguments["task"] == deaths.fail_thrice.module_path
    assert repr(arguments["error"]) == "ValueError('no luck')"
    assert arguments["task_result"].id == result.id
    assert arguments["task_result"].errors


@pytest.mark.parametrize("wrong", [7, "path.to.function", tasks.echo])
def test_a_hook_that_no_worker_could_call_is_refused(wrong: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="give a plain function"):
        task(on_death=wrong)(tasks.echo.func)


def test_a_coroutine_function_is_refused_as_a_hook() -> None:
    with pytest.raises(ImproperlyConfigured, match="It may enqueue a task"):
        task(on_death=tasks.echo_later.func)(tasks.echo.func)


def test_a_hook_may_be_given_to_a_task_only() -> None:
    with pytest.raises(TypeError, match="on_death"):
        deaths.fail_thrice.using(on_death=deaths.tell)  # type: ignore[call-arg]
