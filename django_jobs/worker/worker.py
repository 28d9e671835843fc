"""A worker, put together from its parts; start and stop."""

from __future__ import annotations

import logging
import threading

from django_jobs.brokers.base import Broker
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.errors import BrokerError
from django_jobs.logs.fields import writing_as
from django_jobs.logs.handlers import add_job_fields
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.signals import worker_started, worker_stopped
from django_jobs.timeouts.watchdog import Watchdog
from django_jobs.waits import wait_out
from django_jobs.worker.background.heartbeat import Heartbeat
from django_jobs.worker.background.memory import MemoryWatch
from django_jobs.worker.background.periodic import Ticker
from django_jobs.worker.background.self_report import SHOWN, SelfReport
from django_jobs.worker.run.announcements import send, send_in_thread
from django_jobs.worker.run.attempt import Attempt
from django_jobs.worker.run.context import RunContext
from django_jobs.worker.run.dead_jobs import DeadJobs
from django_jobs.worker.run.executor import Surroundings
from django_jobs.worker.run.executors import Executors
from django_jobs.worker.run.logging_locks import free_logging
from django_jobs.worker.run.stuck import report_stuck
from django_jobs.worker.supervision import supervised

from .fetch.fetching import Fetching
from .fetch.in_flight import InFlight
from .fetch.mode import Changes, Lease, Mode, ModeSwitch
from .fetch.room import Room
from .fetch.state import FetchState, Outlook
from .options import WorkerOptions

logger = logging.getLogger("django_jobs")

LAST_BEAT = 2.0
"""Seconds to wait for the last heartbeat. A slower one is overtaken by the end of the session."""


class Worker:
    """Runs the jobs of one backend until it is stopped.

    Args:
        broker: where the jobs are.
        context: what all of its attempts have in common.
        options: which queues it serves, and with how many threads.
        ticker: enqueues the periodic tasks of the backend.

    Attributes:
        alias: of its backend.
        over: set when it should be stopped: it has failed, or has nothing left to do.
        failed: whether a part of it could not go on.
        told_to_stop: whether an operator has stopped it.
        log_fields: the attributes of its log lines.
        given_back: how many running jobs had to be given back when it stopped.
    """

    _has_worn_out = False

    def __init__(
        self, broker: Broker, context: RunContext, options: WorkerOptions, ticker: Ticker
    ) -> None:
        self.id, self.alias = context.worker, context.alias
        self.options = options
        self.over = threading.Event()
        self.failed = self.told_to_stop = False
        self.given_back = 0
        self._ticks = ticker
        self._sender = context.sender
        self._is_started = False
        self.log_fields = {"worker": context.worker, "backend": context.alias}
        with writing_as(self.log_fields):
            self._make_parts(broker, context)

    def _make_parts(self, broker: Broker, context: RunContext) -> None:
        self._watchdog = Watchdog(self._report_stuck, self._interrupted, self.options.stuck_after)
        self._state = self._make_state(broker, context)
        self._session = broker.session(self.id)
        dead_jobs = DeadJobs(broker.inspection, context)
        self._fetching = Fetching(
            *(self._session, broker.inspection, self.id, self.options, self._state, dead_jobs),
            unknown=context.unknown,
            undecided=context.undecided,
            finished=self.over,
            on_fatal=self._fail,
        )
        self._heartbeat = Heartbeat(
            *(self._session, dead_jobs, context.sender),
            *(self._state.lease, self._fetching.intake),
            SelfReport(self.id, self.options, self._state, self._watchdog),
            on_command=self._obey,
        )
        self._memory = MemoryWatch(self.options.max_memory, self._wear_out)
        self._beating = supervised("heartbeat", self._heartbeat.run, self._fail)
        self._helpers = [
            self._beating,
            supervised("memory", self._memory.run, self._fail),
            supervised("watchdog", self._watchdog.run, self._fail),
            supervised("ticks", self._ticks.run, self._fail),
        ]

    def _make_state(self, broker: Broker, context: RunContext) -> FetchState:
        """Make what the loops share, with the executors that settle into it."""
        options = self.options
        changes = Changes()
        lease = Lease(broker.lease, changes)
        in_flight = InFlight(changes)
        surroundings = Surroundings(
            context=context,
            watchdog=self._watchdog,
            settle=in_flight.settle,
            may_start=lease.holds,
            on_fatal=self._fail,
        )
        executors = Executors(options.concurrency, options.async_concurrency, surroundings)
        return FetchState(
            changes=changes,
            mode=ModeSwitch(changes, Mode.DRAINING if options.burst else Mode.RUNNING),
            lease=lease,
            in_flight=in_flight,
            room=Room(executors, options.max_jobs),
            outlook=Outlook(),
            executors=executors,
        )

    # --- from start to end -------------------------------------------------------------------

    def sign_on(self) -> None:
        """Send the first heartbeat, so that the worker may claim jobs as soon as it is started.

        Raises:
            BrokerError: the broker does not answer. The worker can be started all the same: it
                tries again until the broker does.
        """
        self._heartbeat.beat()

    def start(self) -> None:
        """Start all threads: none is started later, as Python can't do so while it shuts down."""
        if self.options.log_job_fields:
            add_job_fields()
        self._state.executors.start()
        for helper in self._helpers:
            helper.start()
        self._fetching.start()
        self._is_started = True
        if worker_started.receivers:
            about = {**self.log_fields, "queues": self.served}
            send_in_thread((worker_started, {"sender": self._sender, **about}))

    def quiet(self) -> None:
        """Take no more jobs; running jobs go on."""
        if self._state.mode.quiet():
            logger.info("Quiet: this worker takes no more jobs.", extra=self.log_fields)
        self._ticks.stop()
        self._fetching.intake.give_back_backlog()

    def retire(self) -> None:
        """Take no more jobs, and end when the running ones have ended."""
        self.quiet()
        self._state.mode.retire()

    def drain(self, timeout: float) -> bool:
        """Run until nothing is queued any more; return False if that took longer than `timeout`.

        The worker still has to be stopped.
        """
        self.over.clear()
        self._state.mode.drain()
        return wait_out(self.over.wait, timeout)

    def stop(self, timeout: float) -> None:
        """Take no more jobs, give running ones some time, and give the rest back.

        Args:
            timeout: seconds for the running jobs.
        """
        self.quiet()
        if not self._state.in_flight.wait_until_nothing_is_held(timeout):
            self._cut_off()
        self._fetching.close()
        self._watchdog.close()
        self._memory.stop()
        self._ticks.stop()
        self._state.executors.stop()
        self._sign_off()

    def _sign_off(self) -> None:
        """Send what was counted, and give back what could not be given back job by job."""
        self._heartbeat.stop()
        if self._beating.is_alive():
            self._beating.join(LAST_BEAT)
        try:
            self._session.close()
        except BrokerError as error:
            logger.warning(
                "This worker could not sign off. What it still holds comes back when its lease of"
                " %g s is over: %s",
                self._state.lease.seconds,
                error,
                extra=self.log_fields,
            )
        self._state.executors.await_clean_up()
        self._tell_stopped()

    def _tell_stopped(self) -> None:
        if self._is_started:
            self._is_started = False
            about = {**self.log_fields, "given_back": self.given_back, "failed": self.failed}
            send((worker_stopped, {"sender": self._sender, **about}))

    def _cut_off(self) -> None:
        """Give back what is still running."""
        claims = self._state.in_flight.held
        saved = {one.claim.job.id: one.changed_metadata for one in self.running()}
        self._state.in_flight.give_back(claims, saved)
        self.given_back += len(claims)
        if claims:
            names = ", ".join(f"{claim.job.task} ({claim.job.id})" for claim in claims[:SHOWN])
            counted = "1 job that was" if len(claims) == 1 else f"{len(claims)} jobs that were"
            logger.warning("Gave back %s running: %s", counted, names, extra=self.log_fields)
            self._state.executors.cut_short()

    # --- what it is doing --------------------------------------------------------------------

    @property
    def served(self) -> tuple[str, ...]:
        """Names of the queues that it serves, empty for every queue."""
        return self.options.queue_names

    @property
    def periodic_tasks(self) -> tuple[PeriodicTask, ...]:
        """The periodic tasks that it enqueues."""
        return self._ticks.tasks

    @property
    def takes_jobs(self) -> bool:
        """Whether it takes jobs, as far as nobody has told it to stop that."""
        return self._state.mode.takes_jobs

    @property
    def holds_lease(self) -> bool:
        """Whether the broker has answered a heartbeat within the lease."""
        return self._state.lease.holds()

    @property
    def idle_for(self) -> float:
        """Seconds without progress in fetching, for the watchdog of the process."""
        return self._fetching.idle_for

    @property
    def is_worn(self) -> bool:
        """Whether the worker's process should be replaced.

        It has run its share of jobs, takes too much memory, or a timeout has interrupted one of its
        threads.
        """
        limit = self.options.recycle_after
        return self._has_worn_out or (limit is not None and self._state.room.taken >= limit)

    def running(self) -> tuple[Attempt, ...]:
        """Return the attempts that are running."""
        return self._state.executors.running()

    # --- what its parts call -----------------------------------------------------------------

    def _obey(self, command: WorkerCommand) -> None:
        stops = command is WorkerCommand.STOP
        is_repeated = self.over.is_set() if stops else not self._state.mode.takes_jobs
        if not is_repeated:
            logger.info("Received the command %s from an operator.", command.value)
        self.quiet()
        if stops:
            self.told_to_stop = True
            self.over.set()

    def _report_stuck(self, job_id: str) -> None:
        report_stuck(self.running(), job_id, self.options.stuck_after)

    def _interrupted(self) -> None:
        """Clean up in a thread after its function was interrupted."""
        free_logging()
        if self.options.restart_after_timeout:
            self._wear_out("A timeout or a cancellation interrupted a thread")

    def _wear_out(self, reason: str) -> None:
        """Ask the parent for a replacement; without a parent, end with the running jobs."""
        if self._has_worn_out:
            return
        self._has_worn_out = True
        logger.warning("%s: this worker will be replaced.", reason)
        if not self.options.replaceable:
            self.retire()

    def _fail(self) -> None:
        self.failed = True
        self.over.set()
