"""The small parts of the worker, each by itself."""

from __future__ import annotations

import threading

import pytest

from django_jobs.jobs.records import Claim, Job, Settlement, State
from django_jobs.worker import supervised as supervision
from django_jobs.worker.background.backoff import PAUSES, Outage
from django_jobs.worker.fetch.ledger import Ledger
from django_jobs.worker.fetch.pace import MAX_AHEAD, Pace
from django_jobs.worker.supervised import MAX_FAILURES, supervised


def claim(job_id: str, token: int = 1) -> Claim:
    job = Job(id=job_id, task="t", queue="default", priority=0, arguments="", enqueued_at=0)
    return Claim(job=job, token=token, attempt=1, queued_at=0, reserved_at=0)


def success(job_id: str, token: int = 1) -> Settlement:
    return Settlement(job_id=job_id, token=token, state=State.SUCCEEDED)


# --- the ledger ------------------------------------------------------------------------------


def test_a_claim_is_settled_once_and_only_under_its_own_token() -> None:
    ledger = Ledger()
    ledger.hold([claim("a", token=2)])
    assert not ledger.settle(success("a", token=1))
    assert ledger.settle(success("a", token=2))
    assert not ledger.settle(success("a", token=2))
    assert [one.token for one in ledger.take_settlements(10)] == [2]
    assert [(one.succeeded, one.failed) for one in ledger.take_samples()] == [(1, 0)]
    assert ledger.take_samples() == ()


def test_of_two_threads_that_settle_a_claim_one_wins() -> None:
    ledger = Ledger()
    names = [str(number) for number in range(3000)]
    ledger.hold([claim(name) for name in names])
    unsent: list[int] = []
    together = threading.Barrier(4)

    def settle() -> None:
        together.wait()
        unsent.extend(ledger.settle(success(name)) for name in names)

    threads = [threading.Thread(target=settle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Each number of settlements once: who is to be woken at the first one is woken.
    assert sorted(number for number in unsent if number) == [*range(1, 3001)]
    assert ledger.wait_until_nothing_is_held(0)


# --- loops that fail -------------------------------------------------------------------------


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


def test_pauses_grow_to_a_limit_however_long_an_outage_lasts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage("do it")
    pauses = [outage.failed(ValueError("no")) for _ in range(3000)]
    outage.over()
    outage.over()
    assert pauses == [*PAUSES, *[PAUSES[-1]] * (3000 - len(PAUSES))]
    assert [record.getMessage() for record in caplog.records] == [
        "Can't do it at the moment, and will keep trying: no",
        "Can do it again, after 3000 failures.",
    ]


# --- pace ------------------------------------------------------------------------------------


def test_what_is_taken_ahead_follows_what_was_finished() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    assert pace.ahead == 0
    for finished, seconds, ahead in [(100, 0.1, 50), (10, 1.0, 0), (10**6, 0.1, MAX_AHEAD)]:
        now[0] += seconds
        pace.finished(finished)
        assert pace.ahead == ahead
    pace.reset()
    assert pace.ahead == 0
