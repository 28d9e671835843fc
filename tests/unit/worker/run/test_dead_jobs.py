"""Jobs that died with their worker: the log, the signal and the task are told."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.errors import WorkerLost
from django_jobs.jobs.records import State
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.signals import job_dead
from django_jobs.tasks.retry import Retry
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.run.dead_jobs import DeadJobs
from tests.apps.backend_site import deaths
from tests.support.builders import make_job
from tests.support.clock import Clock
from tests.support.driver import Driver, found


def end_as_dead(broker: MemoryBroker, clock: Clock, task: str) -> str:
    """Store a job, and let three workers vanish with it; return its id."""
    job = make_job(task=task, arguments=dump_arguments((), {}))
    broker.push([job])
    for number in range(3):
        lost, finder = Driver(broker, f"lost{number}"), Driver(broker, f"finder{number}")
        lost.exchange("default")
        lost.vanish(clock, noticed_by=finder)
        finder.close()
    assert found(broker.inspection, job.id).state is State.DEAD
    return job.id


@pytest.fixture
def dead_jobs(broker: MemoryBroker) -> DeadJobs:
    context = RunContext(alias="default", sender=object, worker="w", retry=Retry(), max_result=1000)
    return DeadJobs(broker.inspection, context)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broker(clock: Clock) -> MemoryBroker:
    return MemoryBroker(now=clock.now)


@pytest.fixture
def heard() -> Any:
    heard: list[dict[str, Any]] = []

    def hear(**arguments: Any) -> None:
        heard.append(arguments)

    job_dead.connect(hear)
    yield heard
    job_dead.disconnect(hear)


def test_the_task_and_receivers_are_told(
    broker: MemoryBroker,
    clock: Clock,
    dead_jobs: DeadJobs,
    heard: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(deaths, "told", told)
    job_id = end_as_dead(broker, clock, deaths.succeed.module_path)

    dead_jobs.report([job_id])

    ((told_id, status, error, _),) = told
    assert (told_id, status) == (job_id, "FAILED")
    assert error.startswith("WorkerLost(")
    (arguments,) = heard
    assert isinstance(arguments["error"], WorkerLost)
    assert arguments["task_result"].id == job_id
    assert f"id={job_id}" in caplog.text


def test_receivers_are_told_of_jobs_whose_task_is_gone(
    broker: MemoryBroker, clock: Clock, dead_jobs: DeadJobs, heard: list[dict[str, Any]]
) -> None:
    job_id = end_as_dead(broker, clock, "tests.apps.backend_site.deaths.gone")

    dead_jobs.report([job_id])

    (arguments,) = heard
    assert arguments["job_id"] == job_id
    assert arguments["task"] == "tests.apps.backend_site.deaths.gone"
    assert arguments["task_result"] is None


def test_a_job_that_is_not_there_any_more_is_no_matter(
    dead_jobs: DeadJobs, heard: list[dict[str, Any]]
) -> None:
    dead_jobs.report(["nobody"])

    assert heard == []
