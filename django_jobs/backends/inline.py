"""The backend that runs jobs at once, in the caller."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from django.db import connections

from django_jobs.brokers.base import Session
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import HeartbeatReport, QueueQuota, Reply, Take, WorkerInfo
from django_jobs.clock import now_ms
from django_jobs.compat import TaskResultDoesNotExist
from django_jobs.errors import DuplicateJob
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Claim, Job
from django_jobs.jobs.result import AnyJobResult, update_result
from django_jobs.jobs.workflows import NewNode
from django_jobs.logs.handlers import add_job_fields
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.run.executors import runs_in_loop
from django_jobs.worker.run.function import run_attempt
from django_jobs.worker.run.outcome import Outcome

from .base import JobBackend
from .per_process import process_instance

LEASE = 10 * 365 * 86_400.0
"""Seconds."""

NOTHING = Take(0, ())


class InlineBroker(MemoryBroker):
    """Remembers jobs, and gives each to the thread that enqueues it.

    Its workers send one heartbeat each, when they begin, so the lease never ends.
    """

    def __init__(self) -> None:
        super().__init__(lease=LEASE)
        self._beginning = threading.Lock()

    def begin(
        self, job: Job, session: Session, membership: Membership | None
    ) -> tuple[Sequence[str], tuple[Claim, ...]]:
        """Store a job and claim it.

        Returns:
            The id of the job that stands for it, and the claims: none if its queue is paused, more
            after a pause.
        """
        with self._beginning:
            ids = self.batches.add([job], membership) if membership else self.push([job])
            return ids, self._claim([job.queue], session).claims

    def digests_of(self, claims: Sequence[Claim]) -> list[str]:
        """Return the digests of the locks of those jobs that are unique; claims leave them out."""
        with self._lock:
            entries = [self._store.entries.get(claim.job.id) for claim in claims]
            return [one.job.lock.digest for one in entries if one and one.job.lock]

    def claim_successors(self, digests: Sequence[str], session: Session) -> tuple[Claim, ...]:
        """Claim the jobs that got locks at the ends of others, as `begin` claims a job."""
        if not digests:
            return ()
        with self._beginning:
            queues = self._queues_of_waiting(digests)
            return self._claim(queues, session).claims if queues else ()

    def _queues_of_waiting(self, digests: Sequence[str]) -> list[str]:
        """Return the queues of jobs that hold one of these locks and wait."""
        with self._lock:
            held = [self._store.holder_of(digest, self._now()) for digest in digests]
            entries = [self._store.entries.get(one.holder) for one in held if one]
            return sorted({one.job.queue for one in entries if one and one.state.is_waiting})

    def claim_all(self, session: Session) -> Reply:
        """Claim what waits in all queues."""
        return self._claim(self.inspection.queue_names(), session)

    def _claim(self, queues: Iterable[str], session: Session) -> Reply:
        quotas = [QueueQuota(queue, self.max_queued) for queue in queues]
        return session.exchange((), Take(self.max_queued, quotas)).result()


class InlineBackend(JobBackend):
    """Runs each job where it is enqueued, once, as Django's `ImmediateBackend` does.

    A failed job is not retried, since nothing would come back to it; `run_after` is refused, and
    limits do not count.
    """

    supports_defer = False

    @property
    def broker(self) -> InlineBroker:
        return process_instance(InlineBroker, self.alias, InlineBroker)

    def prepare_process(self) -> None:
        if self.configuration.log_job_fields:
            add_job_fields()

    def _push(
        self,
        jobs: Sequence[Job],
        results: Sequence[AnyJobResult],
        membership: Membership | None = None,
    ) -> None:
        with self._worker() as (context, session):
            for index, (job, result) in enumerate(zip(jobs, results, strict=True)):
                try:
                    unlimited = job._replace(limits=())
                    ids, claims = self.broker.begin(unlimited, session, membership)
                except DuplicateJob as error:
                    raise DuplicateJob(error.task, error.holder, index) from None
                self._announce([job], ids, [result])
                if own := self._run_all(claims, context, session).get(job.id):
                    update_result(result, own)
        if membership:
            self.batch_changed(membership.batch)

    def batch_changed(self, batch_id: str) -> None:
        """Run what a batch has started, or queued again."""
        self._run_everything()

    def _run_everything(self) -> None:
        with self._worker() as (context, session):
            while True:
                reply = self.broker.claim_all(session)
                for claim in reply.claims:
                    self._result_of(claim, context, session)
                if not reply.claims and reply.due_in != 0:
                    return

    def store_nodes(
        self, nodes: Sequence[NewNode], results: Sequence[AnyJobResult], store: Callable[[], None]
    ) -> None:
        super().store_nodes(nodes, results, store)
        self._run_everything()
        for result in results:
            with suppress(TaskResultDoesNotExist):  # of a job that is not kept
                result.refresh()

    @contextmanager
    def _worker(self) -> Iterator[tuple[RunContext, Session]]:
        """Be a worker for as long as a call lasts."""
        worker = f"inline-{secrets.token_hex(6)}"
        context = dataclasses.replace(self.run_context(worker), retries=False)
        session = self.broker.session(worker)
        session.heartbeat(_report(worker))
        try:
            yield context, session
        finally:
            session.close()

    def _run_all(
        self, claims: Sequence[Claim], context: RunContext, session: Session
    ) -> dict[str, AnyJobResult | None]:
        """Run attempts, then those of the jobs that have waited for their ends.

        Returns:
            The results of the jobs by their ids, None where a job is not over.
        """
        ended: dict[str, AnyJobResult | None] = {}
        while claims:
            digests = self.broker.digests_of(claims)
            ended |= {one.job.id: self._result_of(one, context, session) for one in claims}
            claims = self.broker.claim_successors(digests, session)
        return ended

    def _result_of(
        self, claim: Claim, context: RunContext, session: Session
    ) -> AnyJobResult | None:
        """Run and settle an attempt, and return its result if it is over."""
        attempt = Attempt(claim, context, time.monotonic())
        outcome = self._run(attempt, session)
        return attempt.result_after(outcome) if outcome.settlement.state.is_final else None

    def _run(self, attempt: Attempt, session: Session) -> Outcome:
        """Run and settle an attempt.

        Raises:
            KeyboardInterrupt: the job got it, which was meant for the whole program.
        """
        job = attempt.claim.job
        apart = _in_loop() and runs_in_loop(job.task, job.signature)
        run = _run_in_new_thread if apart else run_attempt
        outcome = run(attempt, self._watchdog)
        session.exchange([outcome.settlement], NOTHING).result()
        if isinstance(outcome.error, KeyboardInterrupt):
            raise outcome.error
        return outcome

    @property
    def _watchdog(self) -> Watchdog:
        return process_instance(Watchdog, self.alias, _running_watchdog)


def _report(worker: str) -> HeartbeatReport:
    info = WorkerInfo(
        id=worker, host=socket.gethostname(), pid=os.getpid(), started_at=now_ms(), quiet=True
    )
    return HeartbeatReport(info=info)


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run_in_new_thread(attempt: Attempt, watchdog: Watchdog) -> Outcome:
    """Run a coroutine task for a caller whose thread has a running event loop, and wait for it.

    A thread can run only one event loop at a time.
    """

    def run() -> Outcome:
        try:
            return run_attempt(attempt, watchdog)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as own:
        return own.submit(run).result()


def _running_watchdog() -> Watchdog:
    watchdog = Watchdog(on_stuck=lambda _: None)
    threading.Thread(target=watchdog.run, name="django-jobs-watchdog", daemon=True).start()
    return watchdog
