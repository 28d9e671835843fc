"""What a worker reports about itself and its jobs with each heartbeat."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence

from django_jobs.brokers.messages import HeartbeatReport, JobMetadata, JobProgress, WorkerInfo
from django_jobs.clock import now_ms
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.worker.fetch.state import FetchState
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.run.attempt import Attempt

from .host import own_version, resident_memory

SHOWN = 100
"""How many running jobs are named, in a heartbeat or in the log."""


class SelfReport:
    """Makes the reports of one worker.

    Args:
        worker_id: of the worker.
        options: what it serves.
        state: what it holds, and whether it takes jobs.
        watchdog: knows which jobs did not end at their timeout.
    """

    def __init__(
        self, worker_id: str, options: WorkerOptions, state: FetchState, watchdog: Watchdog
    ) -> None:
        self._worker_id = worker_id
        self._options = options
        self._state = state
        self._watchdog = watchdog
        self._started_at = now_ms()

    def make(self) -> HeartbeatReport:
        """Return what is to report now. It takes the counts and changes since the last time."""
        stats = self._state.in_flight.take_stats()
        attempts = self._state.executors.running()
        return HeartbeatReport(
            info=self._info(attempts[:SHOWN]),
            succeeded=sum(one.succeeded for one in stats),
            failed=sum(one.failed for one in stats),
            samples=stats,
            progress=_progress(attempts[:SHOWN]),
            metadata=_metadata(attempts),
        )

    def _info(self, attempts: Sequence[Attempt]) -> WorkerInfo:
        now, monotonic = now_ms(), time.monotonic()
        return WorkerInfo(
            id=self._worker_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            queues=self._options.queue_names,
            concurrency=self._options.concurrency,
            quiet=not self._state.mode.takes_jobs,
            running=tuple(
                (one.claim.job.id, now - round((monotonic - one.started) * 1000))
                for one in attempts
            ),
            stuck=self._watchdog.stuck,
            said_at=now,
            version=own_version(),
            memory=resident_memory(),
        )


def _progress(attempts: Sequence[Attempt]) -> tuple[JobProgress, ...]:
    return tuple(
        JobProgress(job_id=claim.job.id, token=claim.token, tag=claim.tag, progress=one.progress)
        for one in attempts
        if one.progress and (claim := one.claim)
    )


def _metadata(attempts: Sequence[Attempt]) -> tuple[JobMetadata, ...]:
    return tuple(
        JobMetadata(job_id=claim.job.id, token=claim.token, tag=claim.tag, metadata=saved)
        for one in attempts
        if (saved := one.take_unsent_metadata()) is not None and (claim := one.claim)
    )
