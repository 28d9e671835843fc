"""Limits, as those meet them who write and enqueue tasks."""

from __future__ import annotations

import logging

import pytest

from django_jobs.backends import DummyBackend
from django_jobs.compat import TaskResultStatus
from django_jobs.jobs.records import State
from django_jobs.periodic_tasks.registry import isolated_registry, periodic
from django_jobs.testing import run_enqueued
from django_jobs.worker.options import WorkerOptions
from tests.apps.backend_site import limited
from tests.support.backend_fixtures import Configure
from tests.support.results import ended
from tests.support.waiting import wait_until


def test_no_more_jobs_run_at_once_than_the_limit_says(configure: Configure) -> None:
    configure("thread_pool")
    limited.most_at_once.clear()
    results = [limited.one_at_a_time.enqueue(number % 2) for number in range(12)]

    for result in results:
        assert ended(result).status is TaskResultStatus.SUCCESSFUL

    assert limited.most_at_once == {0: 1, 1: 1}


def test_a_job_that_reaches_a_limit_runs_again_at_no_cost_and_says_so(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "django_jobs")
    configure("thread_pool")
    limited.refusals[:] = ["first"]

    result = ended(limited.is_refused.enqueue())

    assert result.status is TaskResultStatus.SUCCESSFUL
    assert result.return_value == "done"
    assert result.attempts == 1
    assert f"job {result.id} has met a limit, and closes it for 1.0 s: 429" in caplog.text


def test_a_misspelt_limit_is_logged_once_with_those_of_the_task(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure("dummy")
    for _ in range(2):
        limited.misspells_its_limit.enqueue()

    run_enqueued()

    (warning,) = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert (
        "LimitReached(limit='crn') names no limit of the task, which has: 'crm', 'mail'." in warning
    )


def test_a_limit_whose_name_cannot_be_stored_fails_the_attempt_and_stops_nothing(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    backend = configure("redis")
    limited.refusals.clear()
    results = [limited.names_no_limit.enqueue(kind) for kind in limited.UNUSABLE_NAMES]
    worker = backend.make_worker(WorkerOptions())
    worker.sign_on()
    worker.start()
    try:
        for result in results:
            assert ended(result).status is TaskResultStatus.FAILED
        assert ended(limited.is_refused.enqueue()).status is TaskResultStatus.SUCCESSFUL
    finally:
        worker.stop(0)
    assert caplog.text.count("name of a LimitReached can't be used") == len(results)


def test_tests_and_inline_backends_pay_no_attention_to_limits(configure: Configure) -> None:
    backend = configure("dummy")
    assert isinstance(backend, DummyBackend)
    results = [limited.once_a_year.enqueue() for _ in range(3)]

    run_enqueued()

    for result in results:
        result.refresh()
        assert result.status is TaskResultStatus.SUCCESSFUL
    configure("inline")
    assert limited.once_a_year.enqueue().status is TaskResultStatus.SUCCESSFUL
    assert limited.once_a_year.enqueue().status is TaskResultStatus.SUCCESSFUL


def test_jobs_over_the_rate_wait(configure: Configure) -> None:
    backend = configure("thread_pool")
    first, second = (limited.once_a_year.enqueue() for _ in range(2))
    assert ended(first).status is TaskResultStatus.SUCCESSFUL

    inspection = backend.broker.inspection
    wait_until(lambda: (record := inspection.find(second.id)) and record.waits_for)
    record = inspection.find(second.id)
    assert record is not None
    assert record.state is State.WAITING


def test_the_jobs_of_a_periodic_task_have_its_limits(configure: Configure) -> None:
    backend = configure("redis")
    jobs = backend.broker.inspection.jobs
    with isolated_registry():
        periodic("* * * * * *")(limited.once_a_year)
        worker = backend.make_worker(WorkerOptions())
        worker.sign_on()
        worker.start()
        try:
            wait_until(lambda: jobs(State.WAITING), "a tick that waits")
        finally:
            worker.stop(0)

    (ended_job,) = jobs(State.SUCCEEDED)
    assert {record.job.task for record in (ended_job, *jobs(State.WAITING))} == {
        limited.once_a_year.module_path
    }
    assert all(record.waits_for for record in jobs(State.WAITING))
