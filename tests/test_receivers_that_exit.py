"""A receiver of a signal that leaves by SystemExit leaves no job running for ever."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs import Retry, task
from django_jobs.compat import task_finished
from tests.backends.waiting import ended, succeeded


@pytest.fixture(autouse=True)
def _thread_pool(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}}


@task(retry=Retry(attempts=1))
def work() -> None:
    """An ordinary function."""


@task(retry=Retry(attempts=1))
async def work_later() -> None:
    """A coroutine function."""


@pytest.mark.parametrize("working", [work, work_later])
def test_the_job_ends_and_those_after_it_run(working: Any) -> None:
    def leave(**_: Any) -> None:
        raise SystemExit(3)

    task_finished.connect(leave)
    try:
        result = ended(working.enqueue())
    finally:
        task_finished.disconnect(leave)

    assert result.errors[-1].exception_class_path == "builtins.SystemExit"
    succeeded(working.enqueue())
