"""Every value that a task raises or returns ends its job in a state that says what happened."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs import Retry
from django_jobs.backends import JobBackend
from django_jobs.compat import TaskResultDoesNotExist, TaskResultStatus
from django_jobs.jobs.records import State
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Start
from tests.support.results import ended, succeeded
from tests.support.waiting import wait_until


@pytest.mark.parametrize("task", [tasks.unserialisable, tasks.unserialisable_later])
def test_a_result_that_cannot_be_stored_is_no_reason_to_run_again(
    backend: JobBackend, task: Any
) -> None:
    result = ended(task.enqueue())
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    assert (record.state, tasks.seen) == (State.DEAD, ["ran"])
    assert "did its work, but its result can't be stored" in record.failures[0].message


@pytest.mark.parametrize("task", [tasks.fail, tasks.fail_later])
@pytest.mark.parametrize("error", tasks.ERRORS)
def test_every_error_is_kept_and_retried(backend: JobBackend, task: Any, error: str) -> None:
    result = ended(task.enqueue(error))
    assert (result.status, tasks.seen) == (TaskResultStatus.FAILED, [error, error])
    kind = tasks.ERRORS[error]
    assert [each.exception_class for each in result.errors] == [kind, kind]
    assert "raise ERRORS[kind]" in result.errors[0].traceback
    assert "django_jobs/worker" not in result.errors[0].traceback
    with pytest.raises(ValueError, match="failed"):
        _ = result.return_value
    assert succeeded(tasks.echo_later.enqueue()) == succeeded(tasks.echo.enqueue())


def test_a_failure_tells_how_long_its_attempt_waited_and_ran(backend: JobBackend) -> None:
    result = ended(tasks.fail.enqueue(next(iter(tasks.ERRORS))))
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    for failure in record.failures:
        assert failure.latency is not None
        assert failure.latency >= 0
        assert failure.duration is not None
        assert failure.duration >= 0


def test_a_backend_s_retry_holds_for_tasks_without_their_own(start: Start) -> None:
    start(retry=Retry(attempts=3, wait=0))
    assert len(ended(tasks.leave.enqueue()).errors) == 3


def test_results_are_kept_as_long_as_asked(backend: JobBackend) -> None:
    gone = tasks.note.using(result_ttl=0).enqueue("gone")
    short = tasks.note.using(result_ttl=0.2).enqueue("short")
    kept = tasks.note.enqueue("kept")
    ended(kept)
    wait_until(lambda: len(tasks.seen) == 3)
    for result in (gone, short):
        wait_until(lambda result=result: is_forgotten(result))  # type: ignore[misc]
    assert not is_forgotten(kept)


def is_forgotten(result: Any) -> bool:
    try:
        result.refresh()
    except TaskResultDoesNotExist:
        return True
    return False


def test_a_backend_s_result_ttl_holds_for_tasks_without_their_own(start: Start) -> None:
    start(result_ttl=0)
    result = tasks.note.enqueue("gone")
    wait_until(lambda: is_forgotten(result))
    assert tasks.seen == ["gone"]


@pytest.mark.parametrize("when", ["soon", "inf", None, -5, {"a": 1}])
def test_a_worker_continues_after_any_time_that_a_task_asks_for(start: Start, when: Any) -> None:
    backend = start(concurrency=1)
    result = tasks.ask_for.enqueue(when)

    def has_failed() -> bool:
        record = backend.broker.inspection.find(result.id)
        return record is not None and bool(record.failures)

    wait_until(has_failed)
    assert succeeded(tasks.echo.enqueue("goes on")) == [["goes on"], {}]


def stored(backend: JobBackend, **changes: Any) -> str:
    """Put a job into the broker as another deploy may have left it there."""
    tasks.note.enqueue("a thread pool starts with the first job that it is given")
    job = backend.make_job(tasks.echo)._replace(**changes)
    backend.broker.push([job])
    return job.id


def test_the_job_of_a_task_that_is_gone_has_no_result(backend: JobBackend) -> None:
    job_id = stored(backend, task="tests.apps.backend_site.tasks.gone")
    with pytest.raises(TaskResultDoesNotExist, match="has no 'gone'"):
        backend.get_result(job_id)


@pytest.mark.parametrize("overrides", ["nonsense", '{"retry": 3}', '{"power": 9}', "[]"])
def test_options_that_cannot_be_read_make_the_job_dead(backend: JobBackend, overrides: str) -> None:
    result = ended(backend.get_result(stored(backend, overrides=overrides)))
    assert result.errors[0].exception_class_path == "django_jobs.errors.BrokenPayload"
