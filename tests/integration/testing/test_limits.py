"""What limits are in tests."""

from __future__ import annotations

from datetime import timedelta

from django_jobs.testing import assert_enqueued, enqueued_jobs, override_backend, run_enqueued
from tests.integration.testing import tasks


def texts() -> list[object]:
    return [result.return_value for result in run_enqueued()]


@override_backend("dummy")
def test_limits_hold_up_no_test() -> None:
    for text in "abc":
        tasks.note_once_a_minute.enqueue(text)
    assert texts() == ["A", "B", "C"]


def test_limits_hold_with_a_broker_in_redis(redis_url: str) -> None:
    with override_backend("redis", url=redis_url):
        for text in "abc":
            tasks.note_once_a_minute.enqueue(text)
        assert len(texts()) == 1
        assert texts() == []
        assert len(enqueued_jobs()) == 2
        assert_enqueued(tasks.note_once_a_minute, args=["c"])


@override_backend("dummy")
def test_a_job_that_meets_a_limit_runs_again_when_its_time_has_come() -> None:
    tasks.meet_limit.enqueue()

    (result,) = run_enqueued()
    assert not result.is_finished
    assert run_enqueued(until=timedelta(seconds=20)) == []

    (result,) = run_enqueued(until=timedelta(seconds=31))
    assert (result.return_value, result.attempts) == ("done", 1)
