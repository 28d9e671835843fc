"""Metadata travels with a job, and keeps the changes of its attempts."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import django
import pytest
from django.utils.module_loading import import_string

from django_jobs import Retry, task
from django_jobs.backends import JobBackend
from django_jobs.compat import InvalidTask, Task, task_finished
from django_jobs.errors import PayloadTooLarge
from django_jobs.jobs.context import JobContext
from django_jobs.testing import perform
from tests.integration.backends.helpers import connected
from tests.support.backend_fixtures import Configure, Start
from tests.support.results import ended, succeeded
from tests.support.waiting import wait_until

TAKES_OPTIONS = django.VERSION >= (6, 1) or django.VERSION < (6, 0)
"""Whether the decorator of Django, or of its backport, takes options of backends."""

TRACE = {"trace": "é1", "tags": ["a", {"b": None}], "_otel": "00-1"}

saved, go_on = threading.Event(), threading.Event()


@task
def plain() -> str:
    return "done"


@task(takes_context=True, metadata={"tenant": 1})
def read(context: JobContext) -> Any:
    return context.metadata


@task(takes_context=True)
def count(context: JobContext) -> Any:
    context.metadata["count"] = context.metadata.get("count", 0) + 1
    context.metadata["_otel"] = "its own"
    return context.metadata["count"]


@task(takes_context=True)
async def count_later(context: JobContext) -> Any:
    context.metadata["count"] = context.metadata.get("count", 0) + 1
    await context.asave_metadata()
    return context.metadata["count"]


@task(takes_context=True, retry=Retry(attempts=3, wait=0, jitter=0))
def fail_twice(context: JobContext) -> Any:
    context.metadata.setdefault("steps", []).append(context.attempt)
    if context.attempt < 3:
        raise ValueError("again")
    return context.metadata["steps"]


@task(takes_context=True, retry=Retry(attempts=1))
def fail(context: JobContext) -> None:
    context.metadata["at"] = "row 7"
    raise ValueError("no more")


@task(takes_context=True)
def corrupt(context: JobContext) -> None:
    context.metadata["lock"] = threading.Lock()


@task(takes_context=True)
def number_a_key(context: JobContext) -> None:
    context.metadata[1] = "one"  # type: ignore[index]


@task(takes_context=True)
async def number_a_key_in_loop(context: JobContext) -> None:
    context.metadata[1] = "one"  # type: ignore[index]


@task(takes_context=True)
def save_and_take_back(context: JobContext) -> None:
    context.metadata["step"] = 2
    context.save_metadata()
    saved.set()
    assert go_on.wait(50)
    context.metadata["step"] = 1


@task(takes_context=True)
def save_and_wait(context: JobContext) -> list[bool]:
    modified = [context.metadata_modified]
    context.metadata["step"] = 2
    modified.append(context.metadata_modified)
    context.save_metadata()
    modified.append(context.metadata_modified)
    saved.set()
    assert go_on.wait(50)
    return modified


theirs: Any = None
if TAKES_OPTIONS:
    their_task = import_string(f"{Task.__module__}.task")

    @their_task(takes_context=True, metadata={"tenant": 2})
    def theirs(context: JobContext) -> Any:
        return context.metadata


@pytest.fixture(params=["thread_pool", "redis", "inline"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_metadata_travel_with_a_job(backend: JobBackend) -> None:
    result = read.using(metadata=TRACE).enqueue()
    assert result.metadata == {"trace": "é1", "tags": ["a", {"b": None}]}
    assert succeeded(result) == {"trace": "é1", "tags": ["a", {"b": None}]}
    assert result.metadata == {"trace": "é1", "tags": ["a", {"b": None}]}
    assert result.raw_metadata == TRACE
    assert backend.get_result(result.id).raw_metadata == TRACE


def test_a_declaration_has_metadata_that_a_call_replaces(backend: JobBackend) -> None:
    assert succeeded(read.enqueue()) == {"tenant": 1}
    assert succeeded(read.using(priority=5).enqueue()) == {"tenant": 1}
    assert succeeded(read.using(metadata={}).enqueue()) == {}


def test_a_job_without_metadata_has_none(backend: JobBackend) -> None:
    result = plain.enqueue()
    assert succeeded(result) == "done"
    assert (result.metadata, result.raw_metadata) == ({}, {})
    record = backend.broker.inspection.find(result.id)
    assert record
    assert record.job.metadata == ""


def test_all_of_a_bulk_get_them(backend: JobBackend) -> None:
    results = read.using(metadata={"n": 1}).bulk_enqueue([[], []])
    assert [succeeded(result) for result in results] == [{"n": 1}] * 2


@pytest.mark.parametrize("task", [count, count_later])
def test_what_a_task_changes_is_there_after_its_end(backend: JobBackend, task: Any) -> None:
    result = task.using(metadata={"count": 5, "_otel": "00-1"}).enqueue()
    assert succeeded(result) == 6
    assert result.raw_metadata == {"count": 6, "_otel": "00-1"}


def test_what_a_failing_task_changes_is_there_too(backend: JobBackend) -> None:
    result = ended(fail.enqueue())
    assert (result.status, result.metadata) == ("FAILED", {"at": "row 7"})


@pytest.mark.parametrize("kind", ["thread_pool", "redis"])
def test_the_next_attempt_sees_what_the_last_one_changed(backend: JobBackend) -> None:
    result = fail_twice.enqueue()
    assert succeeded(result) == [1, 2, 3]
    assert result.metadata == {"steps": [1, 2, 3]}


def seen_with_step_2(task: Any, start: Start, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a task that saves step 2 and then waits; return its result once that shows."""
    monkeypatch.setattr("django_jobs.worker.background.heartbeat.BEATS", 400)
    start()
    saved.clear()
    go_on.clear()
    result = task.using(metadata={"step": 1}).enqueue()
    assert saved.wait(50)

    def shows() -> bool:
        result.refresh()
        return bool(result.metadata == {"step": 2})

    wait_until(shows, "the saved metadata")
    return result


@pytest.mark.parametrize("kind", ["thread_pool"])
def test_what_is_saved_shows_with_the_next_heartbeat(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = seen_with_step_2(save_and_wait, start, monkeypatch)
    assert str(result.status) == "RUNNING"
    go_on.set()
    assert succeeded(result) == [False, True, False]


def test_metadata_that_can_not_be_stored_end_the_job(backend: JobBackend) -> None:
    result = ended(corrupt.using(metadata={"a": 1}).enqueue())
    assert "its metadata can't be stored" in result.errors[0].traceback
    assert result.metadata == {"a": 1}


@pytest.mark.parametrize("task", [number_a_key, number_a_key_in_loop])
def test_a_key_that_is_no_string_ends_the_job(backend: JobBackend, task: Any) -> None:
    result = ended(task.using(metadata={"a": 1}).enqueue())
    assert "metadata keys must be strings" in result.errors[0].traceback
    assert result.metadata == {"a": 1}


@pytest.mark.parametrize("kind", ["thread_pool", "redis"])
def test_what_a_heartbeat_stored_can_be_taken_back(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = seen_with_step_2(save_and_take_back, start, monkeypatch)
    go_on.set()
    succeeded(result)
    assert result.metadata == {"step": 1}


def test_receivers_see_the_metadata_of_the_end(backend: JobBackend) -> None:
    heard: list[Any] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append(task_result.metadata)

    with connected(task_finished, receive):
        ended(count.enqueue())
        wait_until(lambda: heard)
    assert heard == [{"count": 1}]


REFUSED: dict[str, Any] = {
    "must be a dict, not list": [("a", 1)],
    "keys must be strings": {1: "a"},
    "must be JSON-serializable": {"a": object()},
    "JSON-serializable: Out of range": {"a": float("nan")},
    "surrogates not allowed": {"a": "\ud800"},
    "more than the 65,536": {"a": "x" * 70_000},
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_can_not_travel_is_refused_where_it_is_given(message: str) -> None:
    with pytest.raises(InvalidTask, match=message):
        plain.using(metadata=REFUSED[message])
    with pytest.raises(InvalidTask, match=message):
        task(metadata=REFUSED[message])(plain.func)


@pytest.mark.parametrize("kind", ["thread_pool"])
def test_they_count_toward_the_largest_payload(start: Start) -> None:
    start(max_payload=100)
    with pytest.raises(PayloadTooLarge, match="The arguments and metadata of"):
        plain.using(metadata={"a": "x" * 100}).enqueue()


def test_a_task_with_metadata_is_like_any_other(configure: Configure) -> None:
    configure("dummy")
    traced = plain.using(metadata=TRACE)
    assert hash(traced) == hash(plain)
    assert traced != plain
    if django.VERSION >= (6, 1):
        assert pickle.loads(pickle.dumps(traced)) == traced  # noqa: S301 (our own)


def test_the_testing_helper_gives_them_to_the_task(configure: Configure) -> None:
    configure("dummy")
    assert perform(read.using(metadata=TRACE)) == {"trace": "é1", "tags": ["a", {"b": None}]}


@pytest.mark.skipif(not TAKES_OPTIONS, reason="Django 6.0 takes no options of backends")
def test_a_task_of_django_itself_takes_them(backend: JobBackend) -> None:
    assert succeeded(theirs.enqueue()) == {"tenant": 2}
    assert succeeded(theirs.using(metadata={"tenant": 3}).enqueue()) == {"tenant": 3}
