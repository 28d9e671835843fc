"""No value that a task raises, returns or hands in stops a worker; each attempt ends readably."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from django_jobs.jobs.records import TRACEBACK_LIMIT, JobRecord, State
from django_jobs.signals import job_dead
from django_jobs.worker.worker import Worker
from tests.robustness.fuzz import hostile_tasks as tasks
from tests.robustness.fuzz.hostile_acts import ALONE, results, with_values
from tests.robustness.fuzz.hostile_errors import all_errors, errors_that_choose
from tests.support.results import current_backend, succeeded
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import (  # noqa: F401 (fixtures)
    configure,
    no_thread_dies_unheard,
    notes,
    start_worker,
)

FAULTS = ("bug in django_jobs", "fault of django_jobs", "Exception in callback")

BEFORE_THE_END = {State.QUEUED, State.RUNNING}
AFTER_A_LIMIT = {State.SCHEDULED, State.WAITING}
ENDS_OF_FAILURES = {State.DEAD, State.DISCARDED, State.RETRYING}

BOTH = pytest.mark.parametrize(
    ("kind", "task"),
    [("thread_pool", tasks.act), ("redis", tasks.act_in_loop)],
    ids=["threads", "redis loop"],
)
"""A memory broker with jobs in threads, and Redis with jobs in the event loop."""

Act = Callable[[Any], Any]
Run = Callable[[Any, Iterable[Act]], list[JobRecord]]
"""Runs acts in jobs of a task, and returns what became of them after their first attempts."""


@pytest.fixture
def run(
    request: pytest.FixtureRequest, settings: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> Iterator[Run]:
    worker: Worker | None = None
    if kind == "redis":
        worker = request.getfixturevalue("start_worker")()
    else:
        settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}}

    def run_acts(task: Any, acts: Iterable[Act]) -> list[JobRecord]:
        tasks.acts[:] = acts
        results = task.bulk_enqueue([[number] for number in range(len(tasks.acts))])
        return [ended_once(one.id) for one in results]

    yield run_acts
    assert succeeded(tasks.be_sound.enqueue()) == "sound"
    assert succeeded(tasks.be_sound_in_loop.enqueue()) == "sound"
    if worker:
        assert not worker.over.is_set()
    assert not [line for line in caplog.messages if any(fault in line for fault in FAULTS)]


@pytest.fixture
def deaths() -> Iterator[list[str]]:
    """The ids of the jobs whose death is announced."""
    told: list[str] = []

    def hear(job_id: str, error: BaseException, task_result: Any, **_: Any) -> None:
        assert task_result.errors[-1].traceback
        told.append(job_id)

    job_dead.connect(hear)
    yield told
    job_dead.disconnect(hear)


def ended_once(job_id: str) -> JobRecord:
    seen: list[JobRecord] = []

    def has_ended_once() -> bool:
        found = current_backend().broker.inspection.find(job_id)
        assert found is not None
        seen[:] = [found]  # one that has met a limit may go on at any time
        return found.state not in BEFORE_THE_END

    wait_until(has_ended_once, lambda: f"no end: {seen!r:.2000}")
    return seen[0]


def check(records: Iterable[JobRecord]) -> None:
    """Each attempt has ended in a state that says how, with a failure unless it succeeded."""
    for record in records:
        if record.state is State.SUCCEEDED:
            assert not record.failures
        elif record.state not in AFTER_A_LIMIT:
            assert record.state in ENDS_OF_FAILURES
            assert record.failures[-1].exception
            assert record.failures[-1].traceback


def raising(make: Callable[[], BaseException]) -> Act:
    def act(context: Any) -> None:
        raise make()

    return act


@BOTH
def test_whatever_a_task_raises_ends_its_attempt(run: Run, task: Any, deaths: list[str]) -> None:
    records = run(task, map(raising, all_errors()))

    check(records)
    for record in records:
        for failure in record.failures:
            assert "in act" in failure.traceback or len(failure.traceback) == TRACEBACK_LIMIT
    dead = {record.job.id for record in records if record.state is State.DEAD}
    wait_until(lambda: len(deaths) >= len(dead), "not all deaths were announced")
    assert sorted(deaths) == sorted(dead)


@pytest.mark.parametrize("kind", ["redis"])
@pytest.mark.parametrize("task", [tasks.act_twice, tasks.act_within_limits, tasks.act_and_back_off])
def test_whatever_time_or_limit_an_error_names_ends_its_attempt(run: Run, task: Any) -> None:
    check(run(task, map(raising, errors_that_choose())))


@BOTH
def test_whatever_a_task_returns_ends_its_attempt(run: Run, task: Any) -> None:
    records = run(task, results())

    check(records)
    for record in records:
        if record.state is State.DEAD and "TypeError" not in record.failures[0].exception:
            assert "result can't be stored" in record.failures[0].message


@pytest.mark.django_db(transaction=True)
@BOTH
def test_whatever_a_task_does_ends_its_attempt(run: Run, task: Any) -> None:
    check(run(task, [*with_values(), *ALONE]))
