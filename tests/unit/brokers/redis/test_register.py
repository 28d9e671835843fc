"""What a session of Redis knows of its calls and its claims."""

from __future__ import annotations

from django_jobs.brokers.redis.register import Register
from django_jobs.jobs.records import Claim
from tests.support.builders import make_job, succeeded


def make_claim(token: int, tag: int) -> Claim:
    return Claim(make_job(id="one"), token=token, tag=tag, attempt=1, queued_at=0, claimed_at=0)


def test_a_claim_is_answered_for_from_its_reply_to_the_reply_of_its_settlement() -> None:
    register = Register()
    claim = make_claim(1, register.open())
    assert register.snapshot() == (1, (1,), (), ())

    register.close(1, (), [claim], ())
    settling = register.open()
    assert register.snapshot() == (2, (2,), (claim,), ())

    assert register.close(settling, [succeeded(claim)], (), ()) == ()
    assert register.snapshot() == (2, (), (), ())


def test_a_listen_may_claim_a_job_again_under_an_older_tag() -> None:
    register = Register()
    listening, claiming = register.open(), register.open()
    first = make_claim(1, claiming)
    register.close(claiming, (), [first], ())
    settling = register.open()
    second = make_claim(2, listening)  # Redis ran the listen last

    register.close(listening, (), [second], ())
    register.close(settling, [succeeded(first)], (), ())

    assert register.snapshot() == (settling, (), (second,), ())


def test_a_settlement_that_was_sent_before_is_not_reported_as_refused() -> None:
    register = Register()
    claim = make_claim(1, register.open())
    register.close(1, (), [claim], ())
    register.give_up(register.open(), [succeeded(claim)])

    assert register.close(register.open(), [succeeded(claim)], (), ["one"]) == ()
    assert register.close(register.open(), [succeeded(claim)], (), ["one"]) == ("one",)


def test_an_abandoned_claim_is_reported_until_a_heartbeat_was_answered() -> None:
    register = Register()
    claim = make_claim(1, register.open())
    register.close(1, (), [claim], ())

    register.abandon(succeeded(claim))
    reported = register.snapshot()
    assert reported == (1, (), (), (("one", 1, 1),))
    assert register.snapshot() == reported

    register.forget_abandoned(reported.abandoned)
    assert register.snapshot() == (1, (), (), ())
