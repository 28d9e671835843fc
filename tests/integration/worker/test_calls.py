"""The calls that a fetcher has under way, at a broker that fails now and then."""

from __future__ import annotations

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import Answer, Call, Lane, Patience, Reservation, Share
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Settlement, State
from django_jobs.worker.fetch.calls import Calls
from tests.support.driver import ids, make_jobs


class Unreliable(MemoryBroker):
    """Fails as often as it is told to: before it does anything, or with the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse = self.lose = 0
        self.takes_settlements = True
        self.set_aside: list[Settlement] = []
        self.sent: list[tuple[Lane, int]] = []

    def send(self, worker: str, call: Call, patience: Patience | None = None) -> Answer:
        if self.refuse or (call.settlements and not self.takes_settlements):
            self.refuse = max(0, self.refuse - 1)
            raise BrokerUnavailable("refused")
        self.sent.append((call.lane, call.number))
        answer = super().send(worker, call, patience)

        def wait() -> Reservation:
            if self.lose:
                self.lose -= 1
                raise BrokerUnavailable("lost")
            return answer()

        return wait


@pytest.fixture
def broker() -> Unreliable:
    return Unreliable()


@pytest.fixture
def calls(broker: Unreliable) -> Calls:
    return Calls(broker, "w", broker.set_aside.extend)


def send(calls: Calls, limit: int = 2) -> None:
    calls.send([Share("default", limit)], limit, ())


def test_two_are_under_way_and_answered_in_their_order(broker: Unreliable, calls: Calls) -> None:
    jobs = make_jobs(6)
    broker.push(jobs)
    got: list[str] = []
    send(calls)
    for _ in range(2):
        assert calls.may_send
        send(calls)
        assert not calls.may_send
        assert calls.expected == 4
        got += ids(calls.answer()[1].claims)
    got += ids(calls.answer()[1].claims)

    assert got == ids(jobs)
    assert (bool(calls), calls.expected) == (False, 0)
    assert broker.sent == [(Lane.FIRST, 1), (Lane.SECOND, 1), (Lane.FIRST, 2)]


@pytest.mark.parametrize("fault", ["refuse", "lose"])
def test_one_that_fails_is_sent_again_before_any_other(
    broker: Unreliable, calls: Calls, fault: str
) -> None:
    jobs = make_jobs(4)
    broker.push(jobs)
    setattr(broker, fault, 2)
    send(calls)
    if fault == "lose":
        with pytest.raises(BrokerUnavailable):
            calls.answer()
    assert not calls.may_send
    assert calls.expected == 2
    with pytest.raises(BrokerUnavailable):
        calls.answer()

    assert ids(calls.answer()[1].claims) == ids(jobs[:2])
    send(calls)
    assert ids(calls.answer()[1].claims) == ids(jobs[2:])
    assert set(broker.sent) == {(Lane.FIRST, 1), (Lane.SECOND, 1)}


def test_what_was_answered_before_another_one_failed_is_asked_again(
    broker: Unreliable, calls: Calls
) -> None:
    broker.push(make_jobs(4))
    send(calls)
    send(calls)
    broker.lose = 1
    with pytest.raises(BrokerUnavailable):
        calls.answer()
    broker.leave("w")  # as an outage longer than its lease does
    other = broker.reserve("other", Call(1, [Share("default", 4)], 4))

    assert len(other.claims) == 4
    assert [calls.answer()[1].claims for _ in range(2)] == [(), ()]


ENDED = Settlement(job_id="somebody's", token=1, state=State.SUCCEEDED)


def test_a_call_that_fails_for_its_settlements_brings_its_jobs_without_them(
    broker: Unreliable, calls: Calls
) -> None:
    jobs = make_jobs(2)
    broker.push(jobs)
    broker.takes_settlements = False
    calls.send([Share("default", 2)], 2, [ENDED])
    with pytest.raises(BrokerUnavailable):
        calls.answer()
    assert broker.set_aside == []

    call, answer = calls.answer()

    assert ids(answer.claims) == ids(jobs)
    assert call.settlements == [ENDED]
    assert broker.set_aside == [ENDED]


def test_an_outage_sets_no_settlements_aside(broker: Unreliable, calls: Calls) -> None:
    broker.refuse = 20
    calls.send([Share("default", 2)], 2, [ENDED])
    while broker.refuse:
        with pytest.raises(BrokerUnavailable):
            calls.answer()

    assert calls.answer()[1].refused == (ENDED.job_id,)
    assert broker.set_aside == []
