"""The settler at a broker that refuses what is settled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import Reservation
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import Settlement, State
from django_jobs.worker.background import backoff as outage
from django_jobs.worker.fetch import settler
from django_jobs.worker.fetch.ledger import Ledger
from django_jobs.worker.fetch.next_due import NextDue
from django_jobs.worker.fetch.settler import Settler
from tests.integration.worker.test_parts import claim
from tests.support.waiting import DEADLINE, wait_until

StandIn = Callable[[], Settler]


class Full(MemoryBroker):
    """Takes no settlements; counts how often it was asked, and who was roused."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.roused = threading.Event()

    def settle(self, worker: str, call: int, settlements: Sequence[Settlement]) -> Reservation:
        self.asked += 1
        raise BrokerRefused("full")

    def rouse(self, worker: str) -> None:
        self.roused.set()
        super().rouse(worker)


@pytest.fixture
def broker() -> Full:
    return Full()


@pytest.fixture
def owing(broker: Full) -> Iterator[Settler]:
    """A settler on duty that was refused once."""
    ledger = Ledger()
    ledger.hold([claim("a")])
    ledger.settle(Settlement(job_id="a", token=1, state=State.SUCCEEDED))
    made = Settler(broker, "w", ledger, NextDue(), lambda: None)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    with made.standing_in():
        wait_until(lambda: broker.asked, "nothing was settled")
        yield made
    made.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _soon_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settler, "ENDING", 0.5)


def test_it_ends_although_it_owes_something_and_says_so(
    broker: Full, owing: Settler, caplog: pytest.LogCaptureFixture
) -> None:
    owing.stop()
    wait_until(lambda: "could not be reported" in caplog.text, "it said nothing")
    assert owing.owes
    # With pauses of 0.1 s and more, however fast this machine is.
    assert broker.asked < 10


def test_who_ends_the_wait_is_heard_although_it_pauses(
    broker: Full, owing: Settler, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = broker.asked
    monkeypatch.setattr(outage, "PAUSES", (3600.0,))
    wait_until(lambda: broker.asked > asked, "it did not try again")
    owing.end_wait()
    assert broker.roused.wait(DEADLINE)
