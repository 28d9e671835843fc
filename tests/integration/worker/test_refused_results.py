"""A value that exceeds Redis's own limit ends one job and delays no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import JobRecord, State
from tests.apps.worker_site import tasks
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker, current_backend
from tests.support.workers import Notes

MEGABYTE = 1024 * 1024


@pytest.fixture
def strict(
    configure: Callable[..., JobBackend],
    redis_server_factory: Callable[..., RedisServer],
) -> JobBackend:
    """A backend whose Redis takes no value of more than a megabyte, and does not say so."""
    url = redis_server_factory("proto-max-bulk-len 1mb").url
    return configure(url=url, max_result=10 * MEGABYTE)


def record(job_id: str) -> JobRecord:
    found = current_backend().broker.inspection.find(job_id)
    assert found is not None
    return found


def wait_for_end(*job_ids: str) -> None:
    wait_until(lambda: all(record(one).state.is_final for one in job_ids), "not all have ended")


def check_refused(job_id: str) -> None:
    found = record(job_id)
    (failure,) = found.failures
    assert (found.state, found.attempts, failure.attempt) == (State.DEAD, 1, 1)
    assert failure.exception == "django_jobs.errors.Fail"
    assert "did its work" in failure.message
    assert "max_result" in failure.message


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("large", [tasks.return_text, tasks.return_text_in_loop])
def test_a_result_that_redis_refuses_fails_its_job_and_no_other(
    start_worker: StartWorker, large: Any, notes: Notes
) -> None:
    innocents = [tasks.note.enqueue("before").id for _ in range(100)]
    refused = [large.enqueue(2 * MEGABYTE).id for _ in range(2)]
    innocents += [tasks.note.enqueue("after").id for _ in range(100)]

    worker = start_worker()
    wait_for_end(*innocents, *refused)

    for job_id in refused:
        check_refused(job_id)
    assert {record(one).state for one in innocents} == {State.SUCCEEDED}
    assert notes.counts == {"before": 100, "after": 100}
    assert not worker.over.is_set()


@pytest.mark.usefixtures("strict")
def test_a_worker_that_waits_for_jobs_is_not_held_up_either(
    start_worker: StartWorker, notes: Notes
) -> None:
    worker = start_worker()
    refused = tasks.return_text.enqueue(2 * MEGABYTE).id
    wait_for_end(refused)
    check_refused(refused)

    tasks.note.enqueue("after it")
    notes.wait_for("after it")
    worker.stop(5)

    assert current_backend().broker.inspection.counts()[State.RUNNING] == 0


@pytest.mark.usefixtures("strict")
def test_a_worker_that_ends_by_itself_ends(run_all: Callable[..., Any]) -> None:
    refused = tasks.return_text.enqueue(2 * MEGABYTE).id
    run_all()
    check_refused(refused)
