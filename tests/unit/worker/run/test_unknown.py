"""Jobs that a worker does not know are reported in a few lines."""

from __future__ import annotations

import pytest

from django_jobs.worker.run.unknown import PAUSE, UnknownJobs


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unknown(clock: Clock) -> UnknownJobs:
    return UnknownJobs("default", "w1", clock)


def test_a_task_is_reported_once_in_a_while(
    unknown: UnknownJobs, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for seconds in (0.0, PAUSE - 1, PAUSE, PAUSE + 1):
        clock.now = seconds
        for task in ("shop.tasks.ship", "shop.tasks.pay"):
            unknown.report(task, "it is new.")

    assert [record.__dict__["task"] for record in caplog.records] == [
        *("shop.tasks.ship", "shop.tasks.pay"),
        *("shop.tasks.ship", "shop.tasks.pay"),
    ]
    assert caplog.messages[0].startswith("Jobs of shop.tasks.ship wait for a worker that knows")
    assert "it is new. Deploy the code that has it" in caplog.messages[0]


def test_a_newer_format_is_reported_once_in_a_while(
    unknown: UnknownJobs, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        unknown.report_format(7)
    (message,) = caplog.messages
    assert "has the format 7, and this worker reads up to" in message
