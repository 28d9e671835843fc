"""`max_attempts` and `backoff`, on tasks and in `TASKS`, as they were proposed for Django."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from django_jobs import Retry, task
from django_jobs.backends import JobBackend
from django_jobs.compat import Task, TaskResult
from django_jobs.jobs.records import State
from tests.support.backend_fixtures import BACKENDS, Configure, Start
from tests.support.results import ended
from tests.support.waiting import wait_until

TAKES_OPTIONS = django.VERSION >= (6, 1) or django.VERSION < (6, 0)
"""Whether the decorator of Django, or of its backport, takes options of backends."""

heard: list[Any] = []


def at_once(exception: BaseException, task_result: TaskResult) -> float | None:
    status, errors = str(task_result.status), [one.exception_class for one in task_result.errors]
    heard.append((repr(exception), task_result.attempts, status, errors, task_result.id))
    return None if "enough" in str(exception) else 0


def in_an_hour(exception: BaseException, task_result: TaskResult) -> timedelta:
    return timedelta(hours=1)


def broken(exception: BaseException, task_result: TaskResult) -> float:
    raise RuntimeError("no idea")


@task(max_attempts=3, backoff=at_once)
def fail(text: str = "again") -> None:
    raise ValueError(text)


@task(max_attempts=3, backoff=at_once)
async def fail_later(text: str = "again") -> None:
    raise ValueError(text)


@task(max_attempts=2)
def fail_twice() -> None:
    raise ValueError("again")


@task(backoff=in_an_hour)
def fail_slowly() -> None:
    raise ValueError("again")


@task(backoff=broken)
def fail_oddly() -> None:
    raise ValueError("again")


@task
def fail_plainly() -> None:
    raise ValueError("again")


theirs: Any = None
if TAKES_OPTIONS:
    their_task = import_string(f"{Task.__module__}.task")

    @their_task(max_attempts=2, backoff=at_once)
    def theirs() -> None:
        raise ValueError("again")


@pytest.fixture(autouse=True)
def _nothing_heard() -> None:
    heard.clear()


@pytest.mark.parametrize("failing", [fail, fail_later])
def test_a_task_runs_so_often_and_waits_as_its_backoff_says(
    backend: JobBackend, failing: Any
) -> None:
    result = ended(failing.enqueue())
    assert (str(result.status), result.attempts) == ("FAILED", 3)
    assert heard == [
        ("ValueError('again')", attempt, "FAILED", [ValueError], result.id) for attempt in (1, 2)
    ]


def test_none_ends_the_job(backend: JobBackend) -> None:
    result = ended(fail.enqueue("enough"))
    assert (str(result.status), result.attempts) == ("FAILED", 1)


def test_a_wait_is_exact(backend: JobBackend) -> None:
    result = fail_slowly.enqueue()
    inspection = backend.broker.inspection

    def record() -> Any:
        return inspection.find(result.id)

    wait_until(lambda: record().state is State.RETRYING)
    found = record()
    assert found.due_at - found.failures[-1].at == pytest.approx(3_600_000, abs=30_000)


def test_a_backoff_that_fails_leaves_the_default_curve(
    backend: JobBackend, caplog: pytest.LogCaptureFixture
) -> None:
    result = fail_oddly.enqueue()
    wait_until(lambda: "no idea" in caplog.text)

    def state() -> Any:
        record = backend.broker.inspection.find(result.id)
        return record and record.state

    wait_until(lambda: state() is State.RETRYING)


@pytest.mark.skipif(not TAKES_OPTIONS, reason="Django 6.0 takes no options of backends")
def test_a_task_of_django_itself_takes_them(backend: JobBackend) -> None:
    assert ended(theirs.enqueue()).attempts == 2
    assert len(heard) == 1


# --- in TASKS -------------------------------------------------------------------------------------


@pytest.fixture
def in_tasks(configure: Configure, settings: Any, work: Callable[..., Any]) -> Callable[..., None]:
    """Gives the thread pool further keys in `TASKS`."""

    def set_up(options: dict[str, Any] | None = None, **keys: Any) -> None:
        entry = {"BACKEND": BACKENDS["thread_pool"], "OPTIONS": options or {}, **keys}
        settings.TASKS = {"default": entry}

    return set_up


@pytest.mark.parametrize("backoff", [at_once, f"{__name__}.at_once"])
def test_a_backend_has_a_default(in_tasks: Callable[..., None], backoff: Any) -> None:
    in_tasks(MAX_ATTEMPTS=4, BACKOFF=backoff)
    assert ended(fail_plainly.enqueue()).attempts == 4
    assert len(heard) == 3


def test_what_a_task_leaves_out_comes_from_its_backend(in_tasks: Callable[..., None]) -> None:
    in_tasks(MAX_ATTEMPTS=4, BACKOFF=at_once)
    assert ended(fail_twice.enqueue()).attempts == 2
    assert len(heard) == 1


def test_a_retry_of_the_task_counts_more(in_tasks: Callable[..., None]) -> None:
    in_tasks(MAX_ATTEMPTS=4, BACKOFF=at_once)
    once = fail_plainly.using(retry=Retry(attempts=1))
    assert ended(once.enqueue()).attempts == 1
    assert heard == []


def test_a_call_may_bring_a_retry_of_its_own(start: Start) -> None:
    start()
    result = ended(fail.using(retry=Retry(attempts=2, wait=0)).enqueue())
    assert result.attempts == 2
    assert heard == []


REFUSED: dict[str, dict[str, Any]] = {
    r"TASKS\['default'\]\['MAX_ATTEMPTS'\]=0: give a whole number from 1": {"MAX_ATTEMPTS": 0},
    r"\['MAX_ATTEMPTS'\]='3': give a whole number": {"MAX_ATTEMPTS": "3"},
    r"\['BACKOFF'\]=30: give a function": {"BACKOFF": 30},
    r"\['BACKOFF'\]='wait': give a function": {"BACKOFF": "wait"},
    r"\['OPTIONS'\]\['retry'\], which sets the same": {
        "MAX_ATTEMPTS": 3,
        "options": {"retry": Retry(attempts=5)},
    },
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_setting_that_can_not_be_used_is_refused(
    in_tasks: Callable[..., None], sentence: str
) -> None:
    in_tasks(**REFUSED[sentence])
    with pytest.raises(ImproperlyConfigured, match=sentence):
        fail_plainly.enqueue()


DECLARED: dict[str, dict[str, Any]] = {
    "give retry, or max_attempts and backoff, not both": {"retry": Retry(), "max_attempts": 3},
    "not both": {"retry": Retry(), "backoff": at_once},
    "max_attempts=0: give a whole number from 1": {"max_attempts": 0},
    "backoff=30: give a function": {"backoff": 30},
    "backoff='a.b': give a function": {"backoff": "a.b"},
}


@pytest.mark.parametrize("sentence", DECLARED)
def test_a_declaration_that_can_not_be_used_is_refused(sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        task(**DECLARED[sentence])(fail_plainly.func)


def test_a_call_can_not_change_them() -> None:
    with pytest.raises(TypeError):
        fail_plainly.using(max_attempts=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", ["inline"])
def test_inline_runs_once(start: Start) -> None:
    start()
    assert ended(fail.enqueue()).attempts == 1
    assert heard == []
