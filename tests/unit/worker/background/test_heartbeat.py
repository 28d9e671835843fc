"""The heartbeat loop: heartbeats without an answer, commands, and lost leases."""

from __future__ import annotations

import threading
import time

import pytest

from django_jobs.brokers.inspection.base import Totals
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.memory.session import MemorySession
from django_jobs.brokers.messages import (
    HeartbeatReply,
    HeartbeatReport,
    QueueQuota,
    Take,
    WorkerCommand,
    WorkerInfo,
)
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import State
from django_jobs.metrics.history import Span
from django_jobs.metrics.task_stats import TaskStats
from django_jobs.signals import job_recovered
from django_jobs.worker.background.heartbeat import Heartbeat
from django_jobs.worker.background.self_report import SelfReport
from django_jobs.worker.fetch.mode import Lease
from tests.support.builders import make_jobs
from tests.support.clock import Clock
from tests.support.driver import Driver, ids, past_lease
from tests.support.waiting import DEADLINE, wait_until
from tests.unit.worker.fetch.harness import Harness


class Reports(SelfReport):
    """Reports so many successes, one number after the other."""

    def __init__(self, *counts: int) -> None:
        self._counts = iter(counts)

    def make(self) -> HeartbeatReport:
        count = next(self._counts, 0)
        return HeartbeatReport(
            info=WorkerInfo(id="w", host="h", pid=1, started_at=0),
            succeeded=count,
            samples=(TaskStats(task="t", queue="q", succeeded=count),),
        )


class Beating:
    """A heartbeat loop at a broker in memory."""

    def __init__(self, broker: MemoryBroker, *counts: int) -> None:
        self.harness = Harness()
        self.lease = Lease(broker.lease, self.harness.changes)
        self.session = broker.session("w")
        self.commands: list[WorkerCommand] = []
        self.heartbeat = Heartbeat(
            *(self.session, self.harness.dead_jobs, object, self.lease, self.harness.intake),
            Reports(*counts),
            self.commands.append,
        )


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="a clock of Linux")
def test_a_lease_ends_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    beating = Beating(MemoryBroker(lease=20))
    beating.heartbeat.beat()
    assert beating.lease.holds()

    read = time.clock_gettime  # while time.monotonic() stands still
    monkeypatch.setattr(time, "clock_gettime", lambda clock: read(clock) + 3600)

    assert not beating.lease.holds()


def test_a_heartbeat_without_an_answer_is_sent_again_with_the_same_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = MemoryBroker()
    beating = Beating(broker, 0, 3, 4)
    beating.heartbeat.beat()

    def lose(session: MemorySession, report: HeartbeatReport) -> HeartbeatReply:
        sent.append(report)
        raise BrokerUnavailable("The answer was lost.")

    sent: list[HeartbeatReport] = []
    with monkeypatch.context() as patch:
        patch.setattr(MemorySession, "heartbeat", lose)
        for _ in range(2):
            with pytest.raises(BrokerUnavailable):
                beating.heartbeat.beat()
    assert sent[0] is sent[1]
    beating.heartbeat.beat()
    beating.heartbeat.beat()

    assert broker.inspection.totals() == Totals(succeeded=7, failed=0)
    assert broker.inspection.metrics.history(Span.HOUR).succeeded == 7


def test_a_command_reaches_the_worker() -> None:
    broker = MemoryBroker()
    beating = Beating(broker)
    beating.heartbeat.beat()
    broker.inspection.command_worker("w", WorkerCommand.QUIET)
    beating.heartbeat.beat()
    assert beating.commands[0] is WorkerCommand.QUIET


def test_a_worker_that_lost_its_lease_drops_what_has_not_started() -> None:
    clock = Clock()
    broker = MemoryBroker(now=clock.now)
    beating = Beating(broker)
    beating.heartbeat.beat()
    broker.push(make_jobs(1))
    reply = beating.session.exchange((), Take(1, [QueueQuota("default", 1)])).result()
    beating.harness.intake.accept(reply, 1)
    assert [*beating.harness.executors.backlog] == [*reply.claims]

    Driver(broker, "other").heartbeat()
    clock.advance(past_lease(broker) // 2)
    other = Driver(broker, "other 2")
    other.heartbeat()
    clock.advance(past_lease(broker))
    assert ids(reply.claims) == [*Driver(broker, "other 3").heartbeat().recovered]
    beating.heartbeat.beat()

    assert not beating.harness.executors.backlog
    assert [one.state for one in beating.harness.in_flight.take_settlements(2)] == [State.QUEUED]
    assert beating.lease.holds()


def test_a_requested_heartbeat_is_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    beaten = threading.Semaphore(0)
    beating = Beating(MemoryBroker(lease=100_000))
    monkeypatch.setattr(beating.heartbeat, "beat", beaten.release)
    thread = threading.Thread(target=beating.heartbeat.run, daemon=True)
    thread.start()
    beating.lease.ask_for_beat()
    assert beaten.acquire(timeout=DEADLINE)
    beating.heartbeat.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()


def test_a_heartbeat_that_took_jobs_back_is_followed_by_another_one_at_once() -> None:
    clock = Clock()
    broker = MemoryBroker(now=clock.now, lease=100_000)
    broker.push(make_jobs(1))
    Driver(broker, "gone").take_one()
    clock.advance(past_lease(broker))
    heartbeat = Beating(broker, 1, 2).heartbeat
    thread = threading.Thread(target=heartbeat.run, daemon=True)
    thread.start()
    wait_until(lambda: broker.inspection.totals().succeeded == 1 + 2, "no second heartbeat")
    heartbeat.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()


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
    heartbeat = Beating(broker).heartbeat
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
