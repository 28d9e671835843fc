"""A worker: its parts put together, with a start and an end."""

from __future__ import annotations

import logging
import os
import re
import secrets
import socket
import threading
import time

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import JobMetadata, JobProgress, Order, Report, WorkerInfo
from django_jobs.clock import now_ms
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import Settlement
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.waits import wait_out
from django_jobs.worker.background.heartbeat import Heartbeat
from django_jobs.worker.background.host import own_version, resident_memory
from django_jobs.worker.background.periodic import Ticker
from django_jobs.worker.fetch.fetcher import Fetcher
from django_jobs.worker.fetch.ledger import Ledger
from django_jobs.worker.fetch.served import ServedQueues
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.run.event_loop import EventLoop
from django_jobs.worker.run.executors import Executors
from django_jobs.worker.run.logging_locks import free_logging
from django_jobs.worker.run.threads import Threads
from django_jobs.worker.supervised import supervised

from .options import WorkerOptions

logger = logging.getLogger("django_jobs")

FAREWELL = 5.0
"""Seconds that the last messages to the broker may take."""

SHOWN = 100
"""How many running jobs are named, in a heartbeat or in the log."""


def _join(thread: threading.Thread) -> None:
    """Wait for a thread that was told to end, if it ever began."""
    if thread.is_alive():
        thread.join(FAREWELL)


def new_worker_id() -> str:
    """Return an id that says where the worker runs, and that is new with each start."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40]
    return f"{host}:{os.getpid()}:{secrets.token_hex(3)}"


class Worker:
    """Runs the jobs of one backend until it is stopped.

    Args:
        broker: where the jobs are.
        context: what all of its attempts have in common.
        options: which queues it serves, and with how many threads.
        ticker: enqueues the periodic tasks of the backend.

    Attributes:
        over: set when it should be stopped: it has failed, or has nothing left to do.
        failed: whether a part of it could not go on.
        given_back: how many running jobs had to be given back when it stopped.
    """

    _has_interrupted = False

    def __init__(
        self, broker: Broker, context: RunContext, options: WorkerOptions, ticker: Ticker
    ) -> None:
        self.id = context.worker
        self.options = options
        self.over = threading.Event()
        self.failed = False
        self.given_back = 0
        self._started_at = now_ms()
        self._broker = broker
        self._ledger = Ledger()
        self._watchdog = Watchdog(self._report_stuck, self._interrupted, options.stuck_after)
        self._heartbeat = Heartbeat(
            self._broker,
            context.sender,
            self._describe,
            on_order=self._obey,
            on_lost=self._lose_everything,
            on_regained=self._look_again,
        )
        shared = (context, self._watchdog, self._settled, self._heartbeat.holds)
        self._threads = Threads(options.concurrency, *shared, on_fatal=self._fail)
        self._ticks = ticker
        self._loop = EventLoop(options.async_concurrency, *shared, on_fatal=self._fail)
        queues = ServedQueues(
            options.queues, strict=options.strict, inspection=self._broker.inspection
        )
        self._fetcher = Fetcher(
            *(self._broker, self.id, queues, self._ledger, Executors(self._threads, self._loop)),
            self._heartbeat.holds,
            on_finished=self.over.set,
            until_empty=options.burst,
            max_jobs=options.max_jobs,
        )
        self._fetching = supervised("fetcher", self._fetcher.run, self._fail)
        self._beating = supervised("heartbeat", self._heartbeat.run, self._fail)
        self._helpers = [
            self._beating,
            supervised("watchdog", self._watchdog.run, self._fail),
            supervised("settler", self._fetcher.settler.run, self._fail),
            supervised("ticks", self._ticks.run, self._fail),
        ]

    # --- from start to end -------------------------------------------------------------------

    def start(self) -> None:
        """Start all threads: none is started later, as Python can't do so while it shuts down.

        Raises:
            BrokerError: the broker does not answer.
        """
        self._heartbeat.beat()
        self._threads.start()
        self._loop.start()
        for helper in (*self._helpers, self._fetching):
            helper.start()

    def quiet(self) -> None:
        """Take no more jobs; those that are running go on."""
        if not self._fetcher.quiet:
            logger.info("Quiet: this worker takes no more jobs.")
        self._fetcher.quiet = True
        self._ticks.stop()
        self._fetcher.give_back_backlog()

    def retire(self) -> None:
        """Take no more jobs, and be over when those that are running have ended by themselves."""
        self.quiet()
        self._fetcher.retiring = True
        self._fetcher.nudge()

    def drain(self, timeout: float) -> bool:
        """Go on until nothing is queued any more; False if that took longer than so many seconds.

        The worker still has to be stopped.
        """
        self.over.clear()
        self._fetcher.until_empty = True
        self._fetcher.nudge()
        return wait_out(self.over.wait, timeout)

    def stop(self, timeout: float) -> None:
        """Stop: take no more jobs, give running ones some time, and give the rest back.

        Args:
            timeout: seconds for the running jobs.
        """
        self.quiet()
        self._ledger.wait_until_nothing_is_held(timeout)
        cut_off = self._ledger.held
        saved = {one.claim.job.id: one.changed_metadata for one in self.running()}
        self._ledger.give_back(cut_off, saved)
        self.given_back += len(cut_off)
        if cut_off:
            names = ", ".join(f"{claim.job.task} ({claim.job.id})" for claim in cut_off[:SHOWN])
            counted = "1 job that was" if len(cut_off) == 1 else f"{len(cut_off)} jobs that were"
            logger.warning("Gave back %s running: %s", counted, names)
            self._loop.cut_short()
        self._close()

    def _close(self) -> None:
        self._fetcher.close()
        _join(self._fetching)
        self._watchdog.close()
        for part in (self._heartbeat, self._ticks):
            part.stop()
        self._threads.stop()
        self._loop.stop()
        _join(self._beating)
        try:
            self._heartbeat.beat()  # with what was counted since the last one
            self._broker.leave(self.id)
        except BrokerError as error:
            logger.warning("Could not say farewell: %s", error)

    # --- what it tells -----------------------------------------------------------------------

    @property
    def served(self) -> tuple[str, ...]:
        """Names of the queues that it serves, empty for every queue."""
        return tuple(queue.name for queue in self.options.queues)

    @property
    def periodic_tasks(self) -> tuple[PeriodicTask, ...]:
        """The periodic tasks that it enqueues."""
        return self._ticks.tasks

    @property
    def idle_for(self) -> float:
        """Seconds since the fetcher last went round: what a watchdog of the process is fed by."""
        return time.monotonic() - self._fetcher.progress_at

    @property
    def is_worn(self) -> bool:
        """Whether its process should make way for a new one.

        It has run its share of jobs, or a timeout has interrupted one of its threads.
        """
        limit = self.options.recycle_after
        has_run_enough = limit is not None and self._fetcher.taken >= limit
        return has_run_enough or (self._has_interrupted and self.options.restart_after_timeout)

    def running(self) -> tuple[Attempt, ...]:
        """Return the attempts that are running."""
        return (*self._threads.running(), *self._loop.running())

    def _describe(self) -> tuple[WorkerInfo, Report]:
        samples = self._ledger.take_samples()
        now, monotonic = now_ms(), time.monotonic()
        attempts = self.running()
        running = attempts[:SHOWN]
        info = WorkerInfo(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            queues=self.served,
            concurrency=self.options.concurrency,
            quiet=self._fetcher.quiet,
            running=tuple(
                (one.claim.job.id, now - round((monotonic - one.started) * 1000)) for one in running
            ),
            stuck=self._watchdog.stuck,
            succeeded=sum(one.succeeded for one in samples),
            failed=sum(one.failed for one in samples),
            said_at=now,
            version=own_version(),
            memory=resident_memory(),
        )
        progress = tuple(
            JobProgress(job_id=one.claim.job.id, token=one.claim.token, progress=one.progress)
            for one in running
            if one.progress
        )
        metadata = tuple(
            JobMetadata(job_id=one.claim.job.id, token=one.claim.token, metadata=saved)
            for one in attempts
            if (saved := one.take_unsent_metadata()) is not None
        )
        return info, Report(samples=samples, progress=progress, metadata=metadata)

    # --- what its parts call -----------------------------------------------------------------

    def _settled(self, settlement: Settlement) -> None:
        self._fetcher.settled(settlement)

    def _obey(self, order: Order) -> None:
        logger.info("An operator asks this worker: %s.", order.value)
        self.quiet()
        if order is Order.STOP:
            self.over.set()

    def _lose_everything(self) -> None:
        """Start nothing that others have been given; the broker refuses what is not ours."""
        self._fetcher.give_back_backlog()

    def _look_again(self) -> None:
        self._fetcher.nudge()

    def _report_stuck(self, job_id: str) -> None:
        logger.error(
            "Job %s is stuck: it still runs %g s after its timeout, in code that can't be"
            " interrupted, and keeps its thread.",
            job_id,
            self.options.stuck_after,
        )

    def _interrupted(self) -> None:
        """Clear up behind a function that its timeout has interrupted, in its thread."""
        free_logging()
        if self.options.restart_after_timeout and not self._has_interrupted:
            self._has_interrupted = True
            logger.warning("A timeout interrupted a thread: this worker makes way for a new one.")
            if not self.options.replaceable:
                self.retire()

    def _fail(self) -> None:
        self.failed = True
        self.over.set()
