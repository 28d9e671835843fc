"""A loop that fails is run again, and given up when it keeps failing."""

from __future__ import annotations

import threading

import pytest

from django_jobs.worker import supervision
from django_jobs.worker.supervision import MAX_FAILURES, supervised


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "PAUSE", 0.001)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("error", [ValueError, SystemExit])
def test_a_loop_that_fails_is_run_again(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    errors = [error("once"), error("twice")]

    def loop() -> None:
        if errors:
            raise errors.pop()

    fatal: list[int] = []
    thread = supervised("test", loop, lambda: fatal.append(1))
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert not errors
    assert not fatal
    assert caplog.text.count("The loop test failed") == 2


@pytest.mark.usefixtures("hasty")
def test_a_loop_that_keeps_failing_is_given_up_loudly(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []
    fatal = threading.Event()

    def loop() -> None:
        runs.append(1)
        raise ValueError

    supervised("test", loop, fatal.set).start()
    assert fatal.wait(30)
    assert len(runs) == MAX_FAILURES
    assert "keeps failing" in caplog.text


@pytest.mark.usefixtures("hasty")
def test_failures_of_long_ago_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "SOUND", -1.0)
    errors = [ValueError()] * (3 * MAX_FAILURES)

    def loop() -> None:
        if errors:
            raise errors.pop()

    fatal: list[int] = []
    thread = supervised("test", loop, lambda: fatal.append(1))
    thread.start()
    thread.join(30)
    assert not errors
    assert not fatal
