"""`jobs retry`, `jobs cancel`, `jobs delete`: change jobs by their IDs, or all that match."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import BEATS
from django_jobs.brokers.inspection.base import Applied, JobAction
from django_jobs.brokers.retry_refusals import RetryRefusal, retry_refusal
from django_jobs.jobs.records import JobRecord, State
from django_jobs.management.formatting import format_count, printable
from django_jobs.management.target import known_queue

from .base import USAGE_ERROR, BackendSubcommand
from .bulk import apply_to_all
from .console import Console
from .listing import add_filters, job_filter, make_finder


@dataclass(frozen=True, slots=True)
class Refusal:
    """A job that was not changed, and why."""

    id: str
    reason: str


class JobActionSubcommand(BackendSubcommand):
    """A subcommand that changes jobs.

    Attributes:
        action: what it does to each job.
        participle: the past participle, for messages.
    """

    action: ClassVar[JobAction]
    participle: ClassVar[str]

    @property
    def states(self) -> tuple[State, ...]:
        """The states of jobs that can be changed."""
        return self.action.states

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("ids", metavar="ID", nargs="*", help="IDs of the jobs.")
        parser.add_argument(
            "--all", action="store_true", help="Instead of IDs: all jobs in the given --state."
        )
        add_filters(parser, self.states)
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="Do not ask for confirmation of --all.",
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        self._check(options)
        if options.all:
            done, refused = self._change_all(backend, console, options), []
        else:
            refused = [one for each in options.ids if (one := self._change(backend.broker, each))]
            done = Applied(len(options.ids) - len(refused))
        self._report(console, options, done, refused)

    def _check(self, options: Namespace) -> None:
        choices = ", ".join(state.value for state in self.states)
        filters = (options.state, options.queue, options.task, options.error)
        filtered = any((*filters, options.text, options.batch))
        if options.ids and (options.all or filtered):
            problem = "Give either IDs or --all with filters, not both."
        elif options.ids or (options.all and options.state):
            return
        elif options.all:
            problem = f"--all needs a --state: {choices}."
        elif filtered:
            problem = f"Add --all to {self.name} all jobs that match."
        else:
            problem = f"Give the IDs of jobs, or --all with a --state: {choices}."
        raise CommandError(problem, returncode=USAGE_ERROR)

    def _change_all(self, backend: JobBackend, console: Console, options: Namespace) -> Applied:
        if options.queue:
            known_queue(backend, options.queue)
        return apply_to_all(
            make_finder(backend, job_filter(options)),
            self.action,
            console,
            interactive=options.interactive,
        )

    def _change(self, broker: Broker, job_id: str) -> Refusal | None:
        """Change a job; return why that was refused, if it was."""
        if broker.inspection.apply_one(self.action, job_id):
            return None
        record = broker.inspection.find(job_id)
        if record is None:
            return Refusal(job_id, f"There is no job {job_id!r}, or it is no longer kept.")
        if record.job.id != job_id:
            return Refusal(
                job_id,
                f"{job_id} is no job: its call was merged with job {record.job.id}. Give that ID.",
            )
        why = retry_refusal(record, broker.batches) if self.action is JobAction.RETRY else None
        if why:
            return Refusal(job_id, f"Job {job_id} was not retried: {_explained(why, record)}")
        if record.state in self.states:
            return Refusal(
                job_id,
                f"Job {job_id} was not {self.participle}: it is added by a job that still runs, has"
                " added jobs that have not ended, or its workflow is not stored as a whole yet.",
            )
        *others, last = [state.value for state in self.states]
        return Refusal(
            job_id,
            f"Job {job_id} is {record.state.value}: only {', '.join(others)} or {last} jobs can be"
            f" {self.participle}.",
        )

    def _report(
        self, console: Console, options: Namespace, done: Applied, refused: Sequence[Refusal]
    ) -> None:
        changed, locked = done
        if options.json:
            reasons = [{"id": one.id, "reason": one.reason} for one in refused]
            console.show_json(
                {"action": self.name, "changed": changed, "locked": locked, "refused": reasons}
            )
        elif changed:
            console.info(f"{format_count(changed, 'job')} {self.participle}.")
        if refused:
            raise CommandError("\n".join(printable(one.reason) for one in refused))
        if locked and not options.json:
            console.info(
                f"{format_count(locked, 'job')} not {self.participle}: other jobs hold their"
                " locks, jobs that they need have failed, or their batches were cancelled."
            )
        if not changed and not locked:
            raise CommandError(f"No {options.state} jobs match, so none was {self.participle}.")


def _explained(why: RetryRefusal, record: JobRecord) -> str:
    match why:
        case RetryRefusal.UPSTREAM:
            return record.failures[-1].message
        case RetryRefusal.CANCELLED:
            return f"{record.job.batch} was cancelled, so it would be discarded."
        case RetryRefusal.LOCKED:
            return f"it is unique, and job {record.lock_holder} holds its lock."


class Retry(JobActionSubcommand):
    name = "retry"
    help = "Queues dead, discarded, retrying or scheduled jobs to run now."
    action = JobAction.RETRY
    participle = "retried"


class Cancel(JobActionSubcommand):
    name = "cancel"
    help = (
        "Ends jobs as discarded: those that wait at once, running ones with the next heartbeat of"
        " their workers. They can be retried."
    )
    action = JobAction.CANCEL
    participle = "cancelled"

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        super().handle_backend(backend, console, options)
        seen = backend.broker.inspection.read(options.ids)
        running = any(record.state is State.RUNNING for record in seen)
        if (running or options.state == State.RUNNING) and not options.json:
            beat = backend.broker.lease / BEATS
            console.info(
                f"Running jobs end with their workers' next heartbeats, within {beat:g} s."
            )


class Delete(JobActionSubcommand):
    name = "delete"
    help = "Deletes jobs that are not running for good."
    action = JobAction.DELETE
    participle = "deleted"
