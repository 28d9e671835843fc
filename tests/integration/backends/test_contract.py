"""Both backends keep the contract of Django's Tasks framework."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from django_jobs import Retry
from django_jobs.backends import JobBackend
from django_jobs.compat import (
    InvalidTask,
    TaskResultDoesNotExist,
    TaskResultMismatch,
    TaskResultStatus,
    task_backends,
)
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Start
from tests.support.results import current_backend, ended, succeeded
from tests.support.waiting import DEADLINE, wait_until

# --- from enqueueing to the result ---------------------------------------------------------------


def test_a_job_is_ready_then_successful(backend: JobBackend) -> None:
    result: Any = tasks.echo.using(priority=7, queue_name="critical").enqueue(1, two=2)
    assert result.status == TaskResultStatus.READY
    assert (result.args, result.kwargs, result.backend) == ([1], {"two": 2}, "default")
    assert 0 < len(result.id) < 64
    assert succeeded(result) == [[1], {"two": 2}]
    assert (result.attempts, len(result.worker_ids), result.errors) == (1, 1, [])
    assert result.enqueued_at <= result.last_attempted_at <= result.finished_at
    stored = tasks.echo.get_result(result.id)
    assert (stored.task.priority, stored.task.queue_name) == (7, "critical")


def test_a_job_that_has_not_finished_has_no_return_value(backend: JobBackend) -> None:
    result = tasks.wait_at_gate.enqueue()
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    result.refresh()
    assert result.status == TaskResultStatus.RUNNING
    with pytest.raises(ValueError, match="not finished"):
        _ = result.return_value
    tasks.gate.set()
    assert succeeded(result) is None


def test_a_job_is_cancelled_by_its_result(backend: JobBackend) -> None:
    waiting: Any = tasks.echo.using(run_after=timedelta(hours=1)).enqueue()
    over: Any = tasks.echo.enqueue()
    assert succeeded(over) == [[], {}]

    assert waiting.cancel()
    assert not asyncio.run(over.acancel())

    assert ended(waiting).status == TaskResultStatus.FAILED
    over.refresh()
    assert over.status == TaskResultStatus.SUCCESSFUL


@pytest.mark.parametrize("task", [tasks.echo, tasks.echo_later])
def test_all_of_it_works_in_coroutines(backend: JobBackend, task: Any) -> None:
    async def view() -> None:
        result = await task.aenqueue(1, two=2)
        found = await task.aget_result(result.id)
        while not result.is_finished:
            await asyncio.sleep(0.005)
            await result.arefresh()
        assert found.id == result.id
        assert result.return_value == [[1], {"two": 2}]

    asyncio.run(asyncio.wait_for(view(), DEADLINE))


def test_synchronous_enqueue_works_in_a_running_loop(backend: JobBackend) -> None:
    async def view() -> Any:
        return tasks.echo_later.enqueue("from a loop")

    assert succeeded(asyncio.run(view())) == [["from a loop"], {}]


def test_a_result_can_be_had_in_any_thread(backend: JobBackend) -> None:
    result = tasks.echo.enqueue("here")
    found: list[Any] = []
    thread = threading.Thread(
        target=lambda: found.append(succeeded(tasks.echo.get_result(result.id)))
    )
    thread.start()
    thread.join()
    assert found == [[["here"], {}]]


def test_an_unknown_result_is_an_error_of_its_own(backend: JobBackend) -> None:
    with pytest.raises(TaskResultDoesNotExist, match="no job 'unknown'"):
        tasks.echo.get_result("unknown")


def test_the_result_of_another_task_is_an_error_of_its_own(backend: JobBackend) -> None:
    result = tasks.echo.enqueue()
    with pytest.raises(TaskResultMismatch):
        tasks.note.get_result(result.id)


def test_the_result_stays_when_its_queue_has_left_the_settings(start: Start, settings: Any) -> None:
    backend = start()
    result = tasks.echo.using(queue_name="critical").enqueue()
    ended(result)
    # Not through the settings, whose change would empty the memory.
    backend.queues.discard("critical")
    current_backend().queues.discard("critical")
    assert backend.get_result(result.id).task.queue_name == "critical"


# --- one broker, many backend instances -----------------------------------------------------------


def test_instances_of_threads_and_coroutines_share_one_broker(backend: JobBackend) -> None:
    instances: list[JobBackend] = []

    def look() -> None:
        instances.append(current_backend())

    async def look_in_tasks() -> None:
        await asyncio.gather(*(asyncio.create_task(look_once()) for _ in range(3)))

    async def look_once() -> None:
        look()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    asyncio.run(look_in_tasks())
    assert len({id(instance) for instance in [backend, *instances]}) > 1
    assert {id(instance.broker) for instance in instances} == {id(backend.broker)}


def test_the_backend_may_be_called_by_keyword(backend: JobBackend) -> None:
    result = backend.enqueue(task=tasks.echo, args=[1], kwargs={"two": 2})
    assert succeeded(backend.get_result(result_id=result.id)) == [[1], {"two": 2}]


def test_all_backends_can_be_closed_and_used_again(backend: JobBackend) -> None:
    succeeded(tasks.echo.enqueue(1))
    task_backends.close_all()
    assert succeeded(tasks.echo.enqueue(2)) == [[2], {}]


# --- using ----------------------------------------------------------------------------------------


def test_a_timedelta_counts_from_each_enqueueing(backend: JobBackend) -> None:
    later = tasks.echo.using(run_after=timedelta(hours=1))
    before = timezone.now()
    first: Any = later.enqueue()
    assert timedelta(minutes=59) < first.task.run_after - before < timedelta(minutes=61)
    assert first.status == TaskResultStatus.READY
    stored: Any = tasks.echo.get_result(first.id)
    assert abs(stored.task.run_after - first.task.run_after) <= timedelta(milliseconds=1)


def test_a_job_starts_when_its_time_has_come(backend: JobBackend) -> None:
    due = timezone.now() + timedelta(milliseconds=300)
    result: Any = tasks.echo.using(run_after=due).enqueue()
    ended(result)
    assert result.started_at >= due - timedelta(milliseconds=1)


def test_run_after_can_be_cleared(backend: JobBackend) -> None:
    later = tasks.echo.using(run_after=datetime(2100, 1, 1, tzinfo=UTC))
    assert later.using(priority=3).run_after == later.run_after
    assert later.using(run_after=None).run_after is None
    assert succeeded(later.using(run_after=None).enqueue()) == [[], {}]


def test_naive_times_are_refused(backend: JobBackend) -> None:
    with pytest.raises(InvalidTask, match="aware"):
        tasks.echo.using(run_after=datetime(2100, 1, 1))  # noqa: DTZ001


def test_options_of_one_call_leave_the_task_alone(backend: JobBackend) -> None:
    changed = tasks.echo.using(timeout=5, retry=Retry(attempts=2), result_ttl=9)
    assert (changed.timeout, changed.retry, changed.result_ttl) == (5, Retry(attempts=2), 9)
    assert (tasks.echo.timeout, tasks.echo.retry, tasks.echo.result_ttl) == (None, None, None)
    assert changed.using(timeout=None).timeout is None


def test_a_timeout_of_one_call_travels_with_its_job(backend: JobBackend) -> None:
    result = ended(tasks.sleep_in_python.using(timeout=0.1, retry=Retry(attempts=1)).enqueue())
    assert result.status == TaskResultStatus.FAILED
    assert result.errors[0].exception_class_path == "django_jobs.errors.TaskTimeout"


def test_other_options_travel_where_the_declared_wait_is_a_function(backend: JobBackend) -> None:
    result = ended(tasks.wait_is_a_function.using(timeout=0.05).enqueue())
    assert result.status == TaskResultStatus.FAILED
    errors = [error.exception_class_path for error in result.errors]
    assert errors == ["django_jobs.errors.TaskTimeout"] * 2


def test_a_wait_that_is_a_function_cannot_travel(backend: JobBackend) -> None:
    with pytest.raises(InvalidTask, match="declare it on the task"):
        tasks.echo.using(retry=Retry(wait=tasks.wait_by_error)).enqueue()


def test_the_retry_of_one_call_travels_with_its_job(backend: JobBackend) -> None:
    patient = tasks.fail.using(retry=Retry(attempts=4, wait=[0, timedelta(0)], jitter=0))
    assert len(ended(patient.enqueue("value")).errors) == 4
    picky = tasks.fail.using(retry=Retry(attempts=4, wait=0, on=KeyError))
    assert len(ended(picky.enqueue("value")).errors) == 1


def test_what_one_call_discards_travels_with_its_job(backend: JobBackend) -> None:
    result = ended(tasks.fail.using(discard_on=(ValueError,)).enqueue("value"))
    assert (result.status, len(result.errors)) == (TaskResultStatus.FAILED, 1)
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    assert record.state == "discarded"


def test_a_job_that_comes_too_late_does_not_run(backend: JobBackend) -> None:
    tasks.wait_at_gate.bulk_enqueue([[number] for number in range(20)])
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    result = tasks.note.using(expires=0.01).enqueue("too late")
    threading.Event().wait(0.05)
    tasks.gate.set()
    assert ended(result).status == TaskResultStatus.FAILED
    assert "too late" not in tasks.seen
    assert result.errors[0].exception_class_path == "django_jobs.errors.JobExpired"


# --- the task as a value --------------------------------------------------------------------------


def test_tasks_are_hashable_with_every_option(backend: JobBackend) -> None:
    given: Any = [ValueError, "shop.errors.Gone"]
    changed = tasks.echo.using(discard_on=given, retry=Retry(wait=[1, 2], on=(KeyError,)))
    assert changed in {changed}
    assert changed.discard_on == (ValueError, "shop.errors.Gone")


def test_tasks_can_be_copied_and_pickled(backend: JobBackend) -> None:
    if not hasattr(type(tasks.echo), "_reconstruct"):
        return  # before Django 6.1 no task can
    changed = tasks.fail_twice.using(priority=3, timeout=5, discard_on=(KeyError,))
    assert copy.deepcopy(changed) == changed
    assert pickle.loads(pickle.dumps(changed)) == changed  # noqa: S301


def test_wrong_options_are_refused_when_they_are_given(backend: JobBackend) -> None:
    wrong: list[dict[str, Any]] = [
        {"timeout": 0},
        {"timeout": "soon"},
        {"expires": -1},
        {"result_ttl": True},
        {"retry": 3},
        {"discard_on": 3},
    ]
    for options in wrong:
        with pytest.raises(ImproperlyConfigured, match=next(iter(options))):
            tasks.echo.using(**options)


# --- context, priorities --------------------------------------------------------------------------


@pytest.mark.parametrize("task", [tasks.fail_twice, tasks.fail_twice_later])
def test_the_context_tells_the_attempt(backend: JobBackend, task: Any) -> None:
    result = task.using(priority=5).enqueue("again")
    assert succeeded(result) == [result.id, 3, 5]
    assert tasks.seen == [1, 2, 3]
    assert [error.exception_class for error in result.errors] == [ValueError, ValueError]
    assert (result.attempts, len(result.worker_ids)) == (3, 3)


def test_attempts_count_more_workers_than_are_remembered(backend: JobBackend) -> None:
    result = tasks.fail_once.using(retry=Retry(attempts=13, wait=0)).enqueue(times=12)
    succeeded(result)
    assert (result.attempts, len(result.worker_ids)) == (13, 13)
    assert result.worker_ids[:3] == ["", "", ""]
    assert all(result.worker_ids[3:])


def test_higher_priority_runs_first_and_equals_in_their_order(start: Start) -> None:
    start(concurrency=1)
    tasks.wait_at_gate.enqueue("gate")
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    for number, priority in enumerate([0, -100, 100, 0]):
        tasks.note.using(priority=priority).enqueue((number, priority))
    tasks.gate.set()
    wait_until(lambda: len(tasks.seen) == 5)
    assert tasks.seen == ["gate", [2, 100], [0, 0], [3, 0], [1, -100]]


@pytest.mark.parametrize("task", [tasks.enqueue_another, tasks.enqueue_another_later])
def test_jobs_can_enqueue_jobs(backend: JobBackend, task: Any) -> None:
    job_id = succeeded(task.enqueue("inner"))
    ended(tasks.note.get_result(job_id))
    assert set(tasks.seen) == {"inner"}
