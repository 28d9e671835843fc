"""What a receiver of a signal raises changes nothing for the job, not even SystemExit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from django_jobs import Retry, task
from django_jobs.compat import task_finished, task_started
from tests.support.results import ended, succeeded


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


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
@pytest.mark.parametrize("working", [work, work_later])
def test_a_job_that_succeeded_stays_so_whatever_a_receiver_raises(
    working: Any, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    def leave(**_: Any) -> None:
        raise error

    task_finished.connect(leave)
    try:
        assert succeeded(working.enqueue()) == "done"
    finally:
        task_finished.disconnect(leave)

    assert "could not be announced" in caplog.text
    assert succeeded(working.enqueue()) == "done"


def leave_at_death(result: Any, error: BaseException) -> None:
    raise KeyboardInterrupt


@task(retry=Retry(attempts=1), on_death=leave_at_death)
def die() -> None:
    raise ValueError("the reason")


def test_the_failure_of_a_dead_job_is_its_own_whatever_its_on_death_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = ended(die.enqueue())

    assert [one.exception_class_path for one in result.errors] == ["builtins.ValueError"]
    assert "The on_death of" in caplog.text
