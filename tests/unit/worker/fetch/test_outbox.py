"""Settlements that the broker refuses while it takes everything else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from django_jobs.brokers.messages import Take
from django_jobs.errors import BrokerUnavailable, WrongKeyType
from django_jobs.jobs.records import Settlement, State
from django_jobs.worker.run.announcements import Announcement
from django_jobs.worker.run.undecided import Alternatives
from tests.support.builders import ended, make_failure
from tests.support.waiting import DEADLINE
from tests.unit.worker.fetch.harness import Harness, Pending

LARGE = "x" * 1000
AWAY = BrokerUnavailable("Redis does not answer.")


def is_large(one: Settlement) -> bool:
    traceback = one.failure.traceback if one.failure else ""
    return len(one.result) + len(traceback) + len(one.metadata or "") >= len(LARGE)


@pytest.fixture
def picky(harness: Harness) -> Harness:
    """A worker at a broker that never takes a large settlement."""
    harness.session.refuses = is_large
    return harness


def deliver(harness: Harness) -> None:
    """Let time pass until nothing is left to send."""
    for _ in range(100):
        pause = harness.settle_down()
        if not harness.outbox.unsent:
            return
        harness.clock.advance(pause)
    raise AssertionError("It keeps trying.")


def settled(harness: Harness, job_id: str) -> Settlement:
    (one,) = (one for one in harness.session.settled if one.job_id == job_id)
    return one


@pytest.mark.parametrize("fields", [{"result": LARGE}, {"metadata": LARGE}])
def test_a_large_success_is_a_failure_that_says_why(picky: Harness, fields: dict[str, str]) -> None:
    first, large, last = picky.run_jobs(3)
    picky.end(first)
    picky.end(large, ended(large, State.SUCCEEDED, **fields))
    picky.end(last)
    deliver(picky)

    for claim in (first, last):
        assert settled(picky, claim.job.id).state is State.SUCCEEDED
    one = settled(picky, large.job.id)
    assert one.failure is not None
    assert (one.state, one.failure.exception) == (State.DEAD, "django_jobs.errors.Fail")
    assert (one.token, one.tag) == (large.token, large.tag)
    assert "1,000 bytes" in one.failure.message
    assert "The connection was closed." in one.failure.message


def test_a_large_failure_stays_what_it_is_and_gets_short(picky: Harness) -> None:
    (claim,) = picky.run_jobs(1)
    large = make_failure(message="no such parcel", traceback=LARGE)
    picky.end(claim, ended(claim, State.RETRYING, delay=60_000, failure=large))
    deliver(picky)

    one = settled(picky, claim.job.id)
    assert one.failure is not None
    assert (one.state, one.failure.exception) == (State.RETRYING, "builtins.ValueError")
    assert one.failure.message.startswith("no such parcel (the rest can't be stored: ")


def test_what_is_never_taken_is_abandoned(picky: Harness, caplog: pytest.LogCaptureFixture) -> None:
    back, good = picky.run_jobs(2)
    picky.session.refuses = lambda one: one.job_id == back.job.id
    picky.end(back, ended(back, State.QUEUED))
    picky.end(good)
    deliver(picky)

    assert picky.settled == [(good.job.id, State.SUCCEEDED)]
    assert [(one.job_id, one.token) for one in picky.session.abandoned] == [(back.job.id, 1)]
    assert f"The end of job {back.job.id} can't be reported" in caplog.text


def test_what_is_abandoned_is_announced(picky: Harness) -> None:
    (claim,) = picky.run_jobs(1)
    picky.session.refuses = lambda _: True
    failed = ended(claim, State.RETRYING, failure=make_failure())
    said: list[str] = []
    retrying = Announcement(effects=(lambda: said.append("retrying"),))
    discarded = Announcement(effects=(lambda: said.append("discarded"),))
    picky.undecided.add(failed, Alternatives(retrying, discarded, {}))
    picky.end(claim, failed)
    deliver(picky)

    picky.undecided.wait(DEADLINE)
    assert said == ["retrying"]


def test_jobs_are_claimed_all_the_while(picky: Harness) -> None:
    (large,) = picky.run_jobs(1)
    picky.end(large, ended(large, State.SUCCEEDED, result=LARGE))
    claims = picky.push(3)
    deliver(picky)
    picky.settle_down()
    assert [*picky.executors.backlog] == claims


@pytest.mark.parametrize("failures", [1, 2, 3, 50])
def test_an_outage_makes_no_failure_of_a_success(harness: Harness, failures: int) -> None:
    (claim,) = harness.run_jobs(1)
    harness.session.errors = [AWAY] * failures
    harness.end(claim, ended(claim, State.SUCCEEDED, result='"kept"'))
    deliver(harness)

    one = settled(harness, claim.job.id)
    assert (one.state, one.result) == (State.SUCCEEDED, '"kept"')


def test_a_damaged_store_makes_no_failure_of_a_success(harness: Harness) -> None:
    """The calls without settlements pass all the while, as they need not write to that key."""
    claims = harness.run_jobs(2)
    harness.session.refuses = lambda _: True
    harness.session.refusal = WrongKeyType("The key s:succeeded is a string, and must be a zset.")
    harness.end(claims[0], ended(claims[0], State.SUCCEEDED, result='"kept"'))
    for _ in range(50):
        harness.clock.advance(harness.settle_down())
    harness.end(claims[1])
    assert harness.settled == []
    assert not harness.session.abandoned

    harness.session.refuses = lambda _: False
    deliver(harness)

    one = settled(harness, claims[0].job.id)
    assert (one.state, one.result) == (State.SUCCEEDED, '"kept"')
    assert settled(harness, claims[1].job.id).state is State.SUCCEEDED


def test_two_calls_that_fail_are_both_sent_again(harness: Harness) -> None:
    harness.executors.threads = 400
    claims = harness.run_jobs(301)
    for claim in claims[:300]:
        harness.end(claim)
    harness.push(1000)
    harness.outlook.empty = False
    harness.exchange._reasons.prefetch.ahead = 600  # noqa: SLF001 (as after thousands of tiny jobs)
    harness.exchange.step()
    harness.exchange.step()
    assert [settlements for settlements, _ in harness.sent] == [150, 150]
    harness.session.errors = [AWAY, AWAY]
    deliver(harness)
    assert sorted(harness.settled) == sorted((one.job.id, State.SUCCEEDED) for one in claims[:300])


def test_a_lost_reply_sends_settlements_again(harness: Harness) -> None:
    (claim,) = harness.run_jobs(1)
    answer = harness.session.answer

    def lose(settlements: Sequence[Settlement], take: Take) -> object:
        harness.session.answer = answer  # type: ignore[method-assign]
        answer(settlements, take)
        raise AWAY

    harness.session.answer = lose  # type: ignore[method-assign, assignment]
    harness.end(claim)
    deliver(harness)
    assert harness.settled == [(claim.job.id, State.SUCCEEDED)] * 2
    assert isinstance(harness.session.exchange((), Take(0, ())), Pending)
