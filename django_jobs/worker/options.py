"""The options of one worker."""

from __future__ import annotations

from dataclasses import dataclass

from django_jobs.conf.queues import QueueWeight
from django_jobs.timeouts.watchdog import STUCK_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How one worker works.

    Attributes:
        queues: what it serves; empty for every queue, with equal weights.
        strict: whether it empties each queue before it takes jobs from the next.
        concurrency: threads for ordinary functions.
        async_concurrency: coroutines at a time.
        shutdown_timeout: seconds that running jobs get when it stops.
        burst: whether it stops when nothing is left to do.
        max_jobs: how many attempts it runs before it stops, or None for no limit.
        recycle_after: how many attempts it begins before it asks its parent for a replacement, or
            None for no limit. It continues until it has one.
        max_memory: megabytes of RAM above which it stops, or is replaced; None for no limit.
        restart_after_timeout: whether it stops, or is replaced, after a timeout has interrupted
            one of its threads.
        replaceable: whether it has a parent that replaces it on request.
        log_job_fields: whether the log lines of a job get its id, task and queue.
        stuck_after: seconds after its timeout at which an attempt that still runs is reported.
    """

    queues: tuple[QueueWeight, ...] = ()
    strict: bool = False
    concurrency: int = 10
    async_concurrency: int = 500
    shutdown_timeout: float = 25.0
    burst: bool = False
    max_jobs: int | None = None
    recycle_after: int | None = None
    max_memory: int | None = None
    restart_after_timeout: bool = False
    replaceable: bool = False
    log_job_fields: bool = True
    stuck_after: float = STUCK_AFTER

    @property
    def queue_names(self) -> tuple[str, ...]:
        """Names of the queues that the worker serves, empty for every queue."""
        return tuple(queue.name for queue in self.queues)
