"""Declarations of tasks; those that no worker could find are refused."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import django
import pytest

from django_jobs import Retry, task
from django_jobs.backends import JobBackend
from django_jobs.compat import InvalidTask, InvalidTaskBackend, Task
from django_jobs.tasks.definition import Task as JobTask
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.results import ended, succeeded

LATER_DJANGO = django.VERSION >= (6, 1)

# --- what cannot be found -------------------------------------------------------------------------


def nested() -> Task:
    @task
    def inside() -> None: ...

    return inside


UNREACHABLE: dict[str, Callable[[], Any]] = {
    "lambda": lambda: task(lambda: None).enqueue(),
    "nested function": lambda: nested().enqueue(),
    "class body": lambda: task(tasks.Holder.method_like).enqueue(),
    "wrong name": lambda: task(tasks.plain).enqueue(1),
    "bulk": lambda: task(tasks.plain).bulk_enqueue([[1]]),
}


@pytest.mark.parametrize("place", UNREACHABLE)
@pytest.mark.parametrize("kind", ["thread_pool", "redis", "inline", "dummy"])
def test_a_task_that_no_worker_could_find_is_refused(backend: JobBackend, place: str) -> None:
    with pytest.raises(InvalidTask):
        UNREACHABLE[place]()
    assert not any(backend.broker.inspection.counts().values())


# --- options --------------------------------------------------------------------------------------


def test_an_unknown_option_fails_at_import_and_names_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"Unknown option 'retrys'\. Did you mean 'retry'\?"):
        task(retrys=Retry())(tasks.plain)  # type: ignore[call-overload]


def test_an_unknown_backend_fails_at_import(configure: Configure) -> None:
    configure("dummy")
    with pytest.raises(InvalidTaskBackend, match="faraway"):
        task(backend="faraway")(tasks.plain)


def test_a_queue_that_the_site_does_not_have_fails_at_import(configure: Configure) -> None:
    configure("dummy")
    with pytest.raises(InvalidTask, match="faraway"):
        task(queue_name="faraway")(tasks.plain)


def test_the_decorator_works_with_and_without_brackets(backend: JobBackend) -> None:
    assert isinstance(task(tasks.plain), JobTask)
    assert isinstance(task()(tasks.plain), JobTask)
    assert task(tasks.plain) == task()(tasks.plain)


def test_a_decorated_task_can_be_called_directly() -> None:
    assert tasks.echo.call(1) == [[1], {}]
    later: Any = tasks.echo_later
    assert later.call(1) == [[1], {}]


@pytest.mark.skipif(not LATER_DJANGO, reason="only Django 6.1 passes options on")
def test_django_s_own_decorator_takes_our_options(configure: Configure) -> None:
    from django import tasks as django_tasks_of_today

    django_task: Any = django_tasks_of_today.task
    configure("dummy")
    made: Any = django_task(retry=Retry(attempts=2), timeout=5)(tasks.plain)
    assert (made.retry, made.timeout) == (Retry(attempts=2), 5)
    with pytest.raises(TypeError, match="retrys"):
        django_task(retrys=Retry())(tasks.plain)


def test_a_task_may_use_another_backend_by_its_alias(configure: Configure) -> None:
    other = {"BACKEND": "django_jobs.backends.DummyBackend", "QUEUES": []}
    configure("inline", aliases={"other": other})
    stored = tasks.echo.using(backend="other", queue_name="anything").enqueue(1)
    assert (stored.backend, stored.is_finished) == ("other", False)
    assert tasks.echo.enqueue(1).is_finished


# --- other backends, other decorators -------------------------------------------------------------


def foreign_backend(name: str) -> str:
    package = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
    return f"{package}.backends.{name}"


def test_our_options_are_ignored_by_the_backends_of_others(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": foreign_backend("immediate.ImmediateBackend")}}
    result = tasks.echo.using(timeout=5, retry=Retry(attempts=2)).enqueue(1)
    assert result.return_value == [[1], {}]
    assert [each.return_value for each in tasks.echo.bulk_enqueue([[1], {"two": 2}])] == [
        [[1], {}],
        [[], {"two": 2}],
    ]


def test_a_timedelta_works_on_the_backends_of_others(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": foreign_backend("dummy.DummyBackend")}}
    result: Any = tasks.echo.using(run_after=timedelta(hours=1)).enqueue()
    assert result.task.run_after.tzinfo is not None


@pytest.fixture
def backport(backend: JobBackend) -> ModuleType:
    """A module whose tasks come from the backport, imported under the backend under test."""
    # Tests of the registry take modules out of sys.modules, which reload() wants them in.
    return importlib.reload(importlib.import_module("tests.apps.registered.ported"))


def test_tasks_of_the_backport_run_too(backport: ModuleType) -> None:
    assert succeeded(backport.greet.enqueue()) == "hello from the backport"


def test_tasks_of_the_backport_run_from_any_thread(backport: ModuleType) -> None:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(ended(backport.greet.enqueue()).status))
    thread.start()
    thread.join()
    assert found == ["SUCCESSFUL"]
