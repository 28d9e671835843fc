"""What jobs and brokers may do to a worker: it loses no claim, and ends in order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from django_jobs import task
from django_jobs.brokers.inspection.base import Totals
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.memory.session import MemorySession
from django_jobs.brokers.messages import HeartbeatReply, HeartbeatReport
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import State
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.tasks.retry import Retry
from django_jobs.tasks.signatures import sign
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
    worker.sign_on()
    worker.start()
    wait_until(broker.inspection.workers, "no heartbeat")
    yield worker
    worker.stop(0)


def test_the_last_heartbeat_brings_what_was_counted(worker: Worker, broker: MemoryBroker) -> None:
    broker.push([job := make_job(task="nobody.knows.it")])
    wait_until(lambda: found(broker.inspection, job.id).state is State.DEAD, "the job did not run")
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


# --- jobs that break what they find ----------------------------------------------------------


@task
def break_the_connection() -> None:
    connection.ensure_connection()
    connection.queries_log = None  # type: ignore[assignment]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_breaks_its_connection_ends_all_the_same(
    worker: Worker, broker: MemoryBroker, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{__name__}.break_the_connection"
    jobs = [make_job(task=name, arguments=dump_arguments((), {})) for _ in range(3)]
    broker.push(jobs)
    for job in jobs:
        wait_until(
            lambda job_id=job.id: found(broker.inspection, job_id).state is State.SUCCEEDED,  # type: ignore[misc]
            "the job did not end",
        )
    assert "left a connection that can't be used again" in caplog.text
    assert "bug" not in caplog.text


def test_a_module_that_interrupts_its_import_fails_the_job_alone(
    worker: Worker, broker: MemoryBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "interrupting.py").write_text("raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(tmp_path)
    name = "interrupting.work"
    job = make_job(task=name, signature=sign(name), arguments=dump_arguments((), {}))
    broker.push([job])
    wait_until(lambda: found(broker.inspection, job.id).state.is_final, "the job did not end")
    assert found(broker.inspection, job.id).failures[-1].exception == "builtins.KeyboardInterrupt"
