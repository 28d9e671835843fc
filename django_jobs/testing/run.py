"""Runs the waiting jobs in the test itself."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from django_jobs.backends import JobBackend
from django_jobs.brokers.base import Session
from django_jobs.brokers.messages import HeartbeatReport, QueueQuota, Take, WorkerInfo
from django_jobs.clock import now_ms, to_ms
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, TaskResult, TaskResultDoesNotExist
from django_jobs.errors import LimitReached, RetryLater
from django_jobs.jobs.records import Claim, State
from django_jobs.worker.background.host import new_worker_id
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.undecided import Undecided

from .attempts import run_here
from .waiting import EVERYTHING, waiting_backend

NOTHING = Take(0, ())


def run_enqueued(
    *,
    raise_errors: bool = True,
    until: datetime | timedelta | None = None,
    scheduled: bool = False,
    retries: bool = False,
    limit: int = 1000,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> list[TaskResult[..., Any]]:
    """Run the waiting jobs, and the jobs that they enqueue, until none is left.

    Args:
        raise_errors: whether to raise the error of a job, after settling it; later jobs stay
            waiting. Errors that the task handles by `discard_on`, `Discard`, `RetryLater` or
            `LimitReached` are not raised.
        until: also run jobs that are due by then, scheduled and retrying ones, in the order of
            their times: a datetime, or a timedelta from now. The clock does not change. The error
            of a job is only raised if no attempt follows by then.
        scheduled: whether to run all scheduled jobs, whenever they are due.
        retries: whether to retry failed jobs until they end. Only the error of a job that is dead
            is raised then.
        limit: the most attempts, in case jobs enqueue each other endlessly.
        backend: alias in `TASKS`.

    Returns:
        The results of the jobs that were run, except those with a `result_ttl` of 0.

    Raises:
        AssertionError: the limit was reached, or the backend runs jobs by itself.
    """
    __tracebackhide__ = True  # of pytest
    found = waiting_backend(backend)
    horizon = _to_horizon(until)
    runner = Runner(
        found,
        {
            State.SCHEDULED: math.inf if scheduled else horizon,
            State.RETRYING: math.inf if retries else horizon,
        },
    )
    ran: dict[str, None] = {}
    try:
        for attempts, claim in enumerate(runner.claims()):
            if attempts == limit:
                raise AssertionError(
                    f"{limit} attempts, and there are still jobs: do they enqueue each other"
                    " endlessly? If not, raise the limit of run_enqueued()."
                )
            error = runner.run(claim)
            ran[claim.job.id] = None
            if error and raise_errors:
                raise error
    finally:
        runner.give_back()
    return [*_kept(found, ran)]


def _to_horizon(until: datetime | timedelta | None) -> float:
    """Return Unix milliseconds."""
    if until is None:
        return -math.inf
    if isinstance(until, timedelta):
        # Rounded as a `run_after` is, so that what is due after the same time counts.
        return to_ms(timezone.now()) + until / timedelta(milliseconds=1)
    return to_ms(until)


def _kept(backend: JobBackend, job_ids: Iterable[str]) -> Iterator[TaskResult[..., Any]]:
    for job_id in job_ids:
        with suppress(TaskResultDoesNotExist):
            yield backend.get_result(job_id)


@dataclass(slots=True)
class Runner:
    """The test as a worker.

    Args:
        backend: whose jobs it runs.
        horizon: until when jobs are run before their time, in Unix milliseconds, by their state.
    """

    backend: JobBackend
    horizon: Mapping[State, float]
    worker: str = field(default_factory=new_worker_id)
    session: Session = field(init=False)
    _time: float = field(init=False, default_factory=now_ms)
    _due: dict[str, float] = field(init=False, default_factory=dict)
    """When jobs that have run are due again, counted from `_time`."""

    def __post_init__(self) -> None:
        self.session = self.backend.broker.session(self.worker)
        self._beat()

    def _beat(self) -> None:
        """Begin or renew the lease, without which the broker gives no job."""
        info = WorkerInfo(
            id=self.worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=now_ms(),
            quiet=True,
        )
        self.session.heartbeat(HeartbeatReport(info=info))

    def claims(self) -> Iterator[Claim]:
        """Claim one job after another."""
        inspection = self.backend.broker.inspection
        left: Mapping[State, int] = {}
        while True:
            quotas = [QueueQuota(name, 1) for name in inspection.queue_names()]
            reply = self.session.exchange((), Take(1, quotas)).result()
            if reply.must_beat:  # a job took longer than the lease
                self._beat()
                continue
            claims = reply.claims
            yield from claims
            if claims:
                continue
            before, left = left, inspection.counts()
            # If they differ, members of a cancelled batch ended, which may start callbacks.
            if before == left and not self._queue_early():
                return

    def _queue_early(self) -> bool:
        """Queue the job that is due next, and come to its time; return whether there was one."""
        inspection = self.backend.broker.inspection
        due = [
            (due_at, record.job.id)
            for state, horizon in self.horizon.items()
            for record in inspection.jobs(state, limit=EVERYTHING)
            if record.due_at is not None  # a successor waits for the end of another job
            if (due_at := self._due.get(record.job.id, record.due_at)) <= horizon
        ]
        if not due:
            return False
        due_at, job_id = min(due)
        self._time = max(self._time, due_at)
        return inspection.retry(job_id)

    def run(self, claim: Claim) -> BaseException | None:
        """Run a claim; return its error, unless the task handles it."""
        # No worker of another release will ever take these jobs.
        undecided = Undecided(self.backend.broker.inspection)
        context = replace(
            self.backend.run_context(self.worker), shares_jobs=False, undecided=undecided
        )
        outcome = run_here(Attempt(claim, context, time.monotonic()))
        settlement, error = outcome.settlement, outcome.error
        self.session.exchange([settlement], NOTHING).result()
        undecided.settled([settlement])
        self._due[claim.job.id] = self._time + settlement.delay
        goes_on = self._due[claim.job.id] <= self.horizon[State.RETRYING] or isinstance(
            error, RetryLater
        )
        has_rule = isinstance(error, LimitReached) or settlement.state is State.DISCARDED
        has_rule |= settlement.state is State.RETRYING and goes_on
        return None if has_rule else error

    def give_back(self) -> None:
        """Give back claimed jobs that were not run."""
        self.session.close()
