"""The settler at a broker that takes some settlements, and never takes others."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import Call, Reservation, Share
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Claim, Record, Settlement, State
from django_jobs.worker.background import backoff as outage
from django_jobs.worker.fetch.ledger import Ledger
from django_jobs.worker.fetch.next_due import NextDue
from django_jobs.worker.fetch.settler import Settler
from tests.support.driver import ended, found, make_failure, make_jobs
from tests.support.waiting import DEADLINE, wait_until

LARGE = "x" * 1000


class Picky(MemoryBroker):
    """Refuses what is large, what is given back if it is told to, and everything for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.away_for = 0
        self.takes_back = True

    def settle(self, worker: str, number: int, settlements: Sequence[Settlement]) -> Reservation:
        self.away_for -= 1
        if self.away_for >= 0 or not all(map(self._is_fine, settlements)):
            raise BrokerUnavailable("the connection was closed")
        return super().settle(worker, number, settlements)

    def _is_fine(self, one: Settlement) -> bool:
        traceback = one.failure.traceback if one.failure else ""
        size = len(one.result) + len(traceback) + len(one.metadata or "")
        return size < len(LARGE) and (self.takes_back or one.state is not State.QUEUED)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "PAUSES", (0.001,))


@pytest.fixture
def broker() -> Picky:
    return Picky()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def settler(broker: Picky, ledger: Ledger) -> Iterator[Settler]:
    made = Settler(broker, "w", ledger, NextDue(), lambda: None)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    with made.standing_in():
        yield made
    made.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()


def claims(broker: Picky, ledger: Ledger, number: int) -> tuple[Claim, ...]:
    broker.push(make_jobs(number))
    taken = broker.reserve("w", Call(1, [Share("default", number)], number)).claims
    ledger.hold(taken)
    return taken


def settle(settler: Settler, ledger: Ledger, *settlements: Settlement) -> None:
    for one in settlements:
        settler.settled(ledger.settle(one))


def settled(broker: Picky, claim: Claim) -> Record:
    find = broker.inspection.find
    running = State.RUNNING
    wait_until(lambda: (it := find(claim.job.id)) and it.state is not running, "not settled")
    return found(broker.inspection, claim.job.id)


@pytest.mark.parametrize("fields", [{"result": LARGE}, {"metadata": LARGE}])
def test_a_large_success_is_a_failure_that_says_why(
    fields: dict[str, str], broker: Picky, ledger: Ledger, settler: Settler
) -> None:
    first, large, last = claims(broker, ledger, 3)
    settle(
        settler,
        ledger,
        ended(first, State.SUCCEEDED),
        ended(large, State.SUCCEEDED, **fields),
        ended(last, State.SUCCEEDED),
    )

    assert [settled(broker, one).state for one in (first, last)] == [State.SUCCEEDED] * 2
    record = settled(broker, large)
    (failure,) = record.failures
    assert (record.state, failure.exception) == (State.DEAD, "django_jobs.errors.Fail")
    assert "1,000 bytes" in failure.message
    assert "the connection was closed" in failure.message


def test_a_large_failure_stays_what_it_is_and_gets_short(
    broker: Picky, ledger: Ledger, settler: Settler
) -> None:
    (claim,) = claims(broker, ledger, 1)
    large = make_failure(message="no such parcel", traceback=LARGE)
    settle(settler, ledger, ended(claim, State.RETRYING, delay=60_000, failure=large))

    record = settled(broker, claim)
    (failure,) = record.failures
    assert (record.state, failure.exception) == (State.RETRYING, "builtins.ValueError")
    assert failure.message.startswith("no such parcel (the rest can't be stored: ")


def test_what_is_never_taken_is_given_up(
    broker: Picky, ledger: Ledger, settler: Settler, caplog: pytest.LogCaptureFixture
) -> None:
    broker.takes_back = False
    back, good = claims(broker, ledger, 2)
    settle(settler, ledger, ended(back, State.QUEUED), ended(good, State.SUCCEEDED))

    assert settled(broker, good).state is State.SUCCEEDED
    wait_until(lambda: not (settler.owes or ledger.unsent), "it keeps trying")
    assert f"The end of job {back.job.id} can't be reported" in caplog.text


@pytest.mark.parametrize("calls", [1, 2, 3, 50])
def test_an_outage_makes_no_failure_of_a_success(
    calls: int, broker: Picky, ledger: Ledger, settler: Settler
) -> None:
    (claim,) = claims(broker, ledger, 1)
    broker.away_for = calls
    settle(settler, ledger, ended(claim, State.SUCCEEDED, result='"kept"'))

    record = settled(broker, claim)
    assert (record.state, record.result) == (State.SUCCEEDED, '"kept"')
