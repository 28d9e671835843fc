"""What a worker makes of heartbeats that have no answer."""

from __future__ import annotations

import threading
import time

import pytest

from django_jobs.brokers.inspection.base import Totals
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import NOTHING, Order, Pulse, Report, WorkerInfo
from django_jobs.errors import BrokerUnavailable
from django_jobs.metrics.history import Span
from django_jobs.metrics.task_stats import TaskStats
from django_jobs.signals import job_recovered
from django_jobs.worker.background.heartbeat import Heartbeat
from tests.support.driver import DEADLINE, Clock, Driver, make_jobs, past_lease
from tests.support.waiting import wait_until


class LosesReplies(MemoryBroker):
    """Does what it is told, and says nothing."""

    silent = False

    def heartbeat(self, info: WorkerInfo, call: int, report: Report = NOTHING) -> Pulse:
        pulse = super().heartbeat(info, call, report)
        if self.silent:
            raise BrokerUnavailable("The answer was lost.")
        return pulse


def make_heartbeat(broker: MemoryBroker) -> Heartbeat:
    info = WorkerInfo(id="w", host="h", pid=1, started_at=0)
    return Heartbeat(
        *(broker, object, lambda: (info, NOTHING)),
        on_order=lambda _: None,
        on_lost=lambda: None,
        on_regained=lambda: None,
    )


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="a clock of Linux")
def test_a_lease_ends_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeat = make_heartbeat(MemoryBroker(lease=20))
    heartbeat.beat()
    assert heartbeat.holds()

    read = time.clock_gettime  # while time.monotonic() stands still
    monkeypatch.setattr(time, "clock_gettime", lambda clock: read(clock) + 3600)

    assert not heartbeat.holds()


def test_an_answer_that_was_lost_loses_no_order_and_no_count() -> None:
    broker = LosesReplies()
    orders: list[Order] = []
    counts = iter([0, 3, 4])

    def describe() -> tuple[WorkerInfo, Report]:
        count = next(counts)
        sample = TaskStats(task="t", queue="q", succeeded=count)
        info = WorkerInfo(id="w", host="h", pid=1, started_at=0, succeeded=count)
        return info, Report(samples=(sample,))

    heartbeat = Heartbeat(
        *(broker, object, describe), orders.append, on_lost=lambda: None, on_regained=lambda: None
    )
    heartbeat.beat()
    broker.inspection.order("w", Order.QUIET)
    broker.silent = True
    for _ in range(2):
        with pytest.raises(BrokerUnavailable):
            heartbeat.beat()
    broker.silent = False
    heartbeat.beat()
    heartbeat.beat()

    assert orders == [Order.QUIET]
    assert broker.inspection.totals() == Totals(succeeded=7, failed=0)
    assert broker.inspection.metrics.history(Span.HOUR).succeeded == 7


def test_a_slow_receiver_of_recovered_jobs_holds_up_no_heartbeat() -> None:
    clock = Clock()
    broker = MemoryBroker(now=clock.now)
    broker.push(jobs := make_jobs(1))
    told, may_end = threading.Event(), threading.Event()
    heard: list[tuple[str, ...]] = []

    def receive(recovered: tuple[str, ...], **_: object) -> None:
        told.set()
        assert may_end.wait(DEADLINE)
        heard.append(recovered)

    Driver(broker, "gone").take_one()
    clock.advance(past_lease(broker))
    heartbeat = Heartbeat(
        *(broker, object, lambda: (Driver(broker, "w").info(), NOTHING), lambda order: None),
        on_lost=lambda: None,
        on_regained=lambda: None,
    )
    job_recovered.connect(receive)
    try:
        heartbeat.beat()
        assert told.wait(DEADLINE)
        heartbeat.beat()
        assert heard == []
        may_end.set()
        wait_until(lambda: heard == [(jobs[0].id,)], "the receiver was not told")
    finally:
        may_end.set()
        job_recovered.disconnect(receive)
