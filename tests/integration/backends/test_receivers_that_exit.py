"""A receiver of a signal that leaves by SystemExit changes nothing for the job."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs import Retry, task
from django_jobs.compat import task_finished, task_started
from tests.support.results import succeeded


@pytest.fixture(autouse=True)
def _thread_pool(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}}


@task(retry=Retry(attempts=1))
def work() -> str:
    return "done"


@task(retry=Retry(attempts=1))
async def work_later() -> str:
    return "done"


@pytest.mark.parametrize("signal", [task_started, task_finished])
@pytest.mark.parametrize("working", [work, work_later])
def test_the_job_succeeds_and_those_after_it_run(
    working: Any, signal: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def leave(**_: Any) -> None:
        raise SystemExit(3)

    signal.connect(leave)
    try:
        assert succeeded(working.enqueue()) == "done"
    finally:
        signal.disconnect(leave)

    assert "A receiver of a job's signal tried to end its thread" in caplog.text
    assert succeeded(working.enqueue()) == "done"
