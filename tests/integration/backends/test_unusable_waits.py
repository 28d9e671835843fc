"""An unusable wait: the attempt ends, and the default curve decides when it is retried."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import Retry, task
from django_jobs.errors import RetryLater
from django_jobs.jobs.records import State
from tests.support.results import current_backend
from tests.support.waiting import wait_until

UNUSABLE: list[Any] = ["soon", None, float("inf"), 1e300, timedelta.max]
LONGEST = timedelta(days=36_500)
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
    assert "can't be used" in caplog.text


def leave(attempt: int, error: BaseException) -> float:
    raise SystemExit("no wait at all")


class Leaving(Exception):
    """An error whose `str()` ends the thread that calls it."""

    def __str__(self) -> str:
        raise SystemExit("no text either")


@task(retry=Retry(wait=leave))
def fail_and_leave(kind: str) -> None:
    raise Leaving if kind == "error" else ValueError(kind)


@pytest.mark.parametrize("kind", ["wait", "error"])
def test_a_site_s_code_that_exits_where_an_attempt_ends_keeps_no_thread_from_its_work(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    fail_and_leave.enqueue(kind)

    counts = current_backend().broker.inspection.counts
    wait_until(lambda: counts()[State.RETRYING], "the retry")
    assert "a fault of django_jobs" not in caplog.text


@pytest.mark.parametrize("attempt", [1, 24, 300, 999_999])
@pytest.mark.parametrize("retry", [Retry(attempts=1_000_000), Retry(wait=LONGEST, jitter=1)])
def test_a_wait_that_was_accepted_is_never_too_long(retry: Retry, attempt: int) -> None:
    longest = LONGEST.total_seconds()
    assert 0 < (retry.delay(attempt, ValueError()) or longest) <= longest


@pytest.mark.parametrize(
    "wait", [float("inf"), float("nan"), (1, float("inf")), 2 * LONGEST, -1, (), True]
)
def test_a_wait_without_end_is_refused_where_it_is_declared(wait: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="wait="):
        Retry(wait=wait)
