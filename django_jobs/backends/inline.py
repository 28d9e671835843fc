"""The backend that runs jobs at once, in the caller."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from django.db import connections

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.messages import Call, Share
from django_jobs.jobs.records import Claim, Job, Settlement
from django_jobs.jobs.result import AnyJobResult, update_result
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.worker.run.attempt import Attempt, runs_in_loop
from django_jobs.worker.run.function import run_attempt
from django_jobs.worker.run.outcome import Outcome

from .base import JobBackend
from .per_process import process_instance


class InlineBroker(MemoryBroker):
    """Remembers jobs, and gives each to the thread that brings it."""

    _calls = count(1)
    _settling = count(1)

    def begin(self, job: Job, worker: str) -> tuple[Claim, ...]:
        """Store a job and claim it; none if its queue is paused, more after a pause."""
        with self._lock:
            self.push([job])
            share = Share(job.queue, self.max_queued)
            return self.reserve(worker, Call(next(self._calls), [share], self.max_queued)).claims

    def end(self, worker: str, settlement: Settlement) -> None:
        """Note how an attempt ended."""
        self.settle(worker, next(self._settling), [settlement])


class InlineBackend(JobBackend):
    """Runs each job where it is enqueued, once, as Django's `ImmediateBackend` does.

    A failed job is not retried, since nothing would come back to it; `run_after` is refused.
    """

    supports_defer = False

    @property
    def broker(self) -> InlineBroker:
        return process_instance(InlineBroker, self.alias, InlineBroker)

    def _push(self, jobs: Sequence[Job], results: Sequence[AnyJobResult]) -> None:
        worker = f"inline-{threading.get_ident()}"
        context = dataclasses.replace(self.run_context(worker), retries=False)
        for job, result in zip(jobs, results, strict=True):
            claims = self.broker.begin(job, worker)
            self._announce([job], [result])
            for claim in claims:
                attempt = Attempt(claim, context, time.monotonic())
                outcome = self._run(attempt)
                is_over = claim.job.id == job.id and outcome.settlement.state.is_final
                if is_over and (ended := attempt.result_after(outcome)):
                    update_result(result, ended)

    def _run(self, attempt: Attempt) -> Outcome:
        """Run and settle an attempt.

        Raises:
            KeyboardInterrupt: the job got it, which was meant for the whole program.
        """
        job = attempt.claim.job
        apart = _in_loop() and runs_in_loop(job.task, job.signature)
        run = _run_beside_loop if apart else run_attempt
        outcome = run(attempt, self._watchdog)
        self.broker.end(attempt.context.worker, outcome.settlement)
        if isinstance(outcome.error, KeyboardInterrupt):
            raise outcome.error
        return outcome

    @property
    def _watchdog(self) -> Watchdog:
        return process_instance(Watchdog, self.alias, _running_watchdog)


def _in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run_beside_loop(attempt: Attempt, watchdog: Watchdog) -> Outcome:
    """Run a coroutine task for a caller whose thread has an event loop, and so can't have another.

    The caller waits all the same: inline is inline.
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
