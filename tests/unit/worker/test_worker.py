"""A worker that stops while its broker refuses calls, or does not answer them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from django_jobs.brokers.inspection.base import Totals
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.memory.session import MemorySession
from django_jobs.brokers.messages import HeartbeatReply, HeartbeatReport
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import State
from django_jobs.tasks.retry import Retry
from django_jobs.worker.background.periodic import Ticker
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.worker import Worker
from tests.support.builders import make_job
from tests.support.driver import found
from tests.support.waiting import DEADLINE, wait_until

BEAT = MemorySession.heartbeat


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
def worker(broker: MemoryBroker) -> Iterator[Worker]:
    context = RunContext(
        alias="default", sender=object, worker="w", retry=Retry(attempts=1), max_result=1000
    )
    worker = Worker(
        broker, context, WorkerOptions(concurrency=1), Ticker(broker, (), lambda _: make_job())
    )
    worker.start()
    wait_until(broker.inspection.workers, "no heartbeat")
    yield worker
    worker.stop(0)


def test_the_last_heartbeat_brings_what_was_counted(worker: Worker, broker: MemoryBroker) -> None:
    broker.push([job := make_job(task="nobody.knows.it")])
    wait_until(
        lambda: found(broker.inspection, job.id).state is State.RETRYING, "the job did not run"
    )
    worker.stop(DEADLINE)
    assert broker.inspection.totals() == Totals(succeeded=0, failed=1)


def test_it_gives_back_everything_after_its_last_heartbeat_was_refused(
    worker: Worker, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(session: MemorySession, report: HeartbeatReport) -> HeartbeatReply:
        raise BrokerRefused("Redis is full.")

    monkeypatch.setattr(MemorySession, "heartbeat", refuse)
    worker.stop(0)
    assert broker.inspection.workers() == ()


def test_it_gives_back_everything_while_its_last_heartbeat_has_no_answer(
    worker: Worker, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, ended = threading.Event(), threading.Event()

    def answer_late(session: MemorySession, report: HeartbeatReport) -> HeartbeatReply:
        assert may_end.wait(DEADLINE)
        try:
            return BEAT(session, report)
        finally:
            ended.set()

    monkeypatch.setattr(MemorySession, "heartbeat", answer_late)
    worker.stop(0)
    assert broker.inspection.workers() == ()

    may_end.set()
    assert ended.wait(DEADLINE)
    assert broker.inspection.workers() == ()
