"""A record with a time that is too large to wait for stops no worker and delays no job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.apps.backend_site import tasks
from tests.support.builders import make_job
from tests.support.results import succeeded
from tests.support.waiting import wait_until

YEAR_9999 = 253_402_300_799_000
YEARS_300 = 300 * 365 * 86_400.0
NAME = f"{tasks.__name__}.{tasks.note.name}"


@pytest.fixture(autouse=True)
def _no_loop_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    said = [record.getMessage() for record in caplog.get_records("call")]
    assert not [line for line in said if "a fault of django_jobs" in line]


def test_a_job_that_is_never_due_keeps_no_other_from_its_time(backend: JobBackend) -> None:
    far = make_job(task=NAME, run_at=YEAR_9999, arguments='[["far"],{}]')
    backend.broker.push([far])
    succeeded(tasks.note.enqueue("first"))
    # So the worker waits, and knows of nothing but the year 9999.
    wait_until(lambda: backend.broker.inspection.counts()[State.SUCCEEDED] == 1)

    began = time.monotonic()
    succeeded(tasks.note.using(run_after=timedelta(seconds=0.3)).enqueue("soon"))
    succeeded(tasks.note.enqueue("at once"))

    assert time.monotonic() - began < 8, "they came with the next look of an idle worker"
    assert backend.broker.inspection.counts()[State.SCHEDULED] == 1


@pytest.mark.parametrize("timeout", [YEARS_300, "Infinity", "NaN", "-1", '"soon"'])
def test_a_timeout_without_end_stops_nothing(backend: JobBackend, timeout: object) -> None:
    far = make_job(task=NAME, arguments='[["far"],{}]', overrides=f'{{"timeout": {timeout}}}')
    backend.broker.push([far])

    succeeded(tasks.note.using(timeout=30).enqueue("after it"))

    wait_until(lambda: backend.get_result(far.id).is_finished)
