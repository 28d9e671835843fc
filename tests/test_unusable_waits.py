"""A wait that is none: the attempt ends all the same, and the default curve says what follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import Retry, task
from django_jobs.errors import RetryLater
from django_jobs.job import State
from tests.backends.waiting import current_backend, wait_until

UNUSABLE: list[Any] = ["soon", None, float("inf"), 1e300, timedelta.max]
CURVE = range(15_000, 60_000)
"""Milliseconds: the curve gives 15 to 25 s after the first attempt."""


@pytest.fixture(autouse=True)
def _thread_pool(settings: Any) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}}


@task
def ask_for(index: int) -> None:
    raise RetryLater(UNUSABLE[index])


@task
async def ask_later_for(index: int) -> None:
    raise RetryLater(UNUSABLE[index])


@task(retry=Retry(wait=lambda attempt, error: error.args[0]))
def wait_for(index: int) -> None:
    raise ValueError(UNUSABLE[index])


@pytest.mark.parametrize("index", range(len(UNUSABLE)))
@pytest.mark.parametrize("asking", [ask_for, ask_later_for, wait_for])
def test_the_job_is_retried_as_the_curve_says(
    asking: Any, index: int, caplog: pytest.LogCaptureFixture
) -> None:
    result = asking.enqueue(index)

    inspection = current_backend().broker.inspection
    wait_until(lambda: inspection.counts()[State.RETRYING], "the retry")
    record = inspection.find(result.id)
    assert record is not None
    assert record.due_at is not None
    assert record.last_attempted_at is not None
    assert record.due_at - record.last_attempted_at in CURVE
    assert "can't be followed" in caplog.text


@pytest.mark.parametrize("wait", [float("inf"), float("nan"), (1, float("inf"))])
def test_a_wait_without_end_is_refused_where_it_is_declared(wait: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="wait="):
        Retry(wait=wait)
