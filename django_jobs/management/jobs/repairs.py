"""`jobs retry`, `jobs cancel`, `jobs delete`: jobs by their ids, or all of a kind."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection import Inspection, Repair
from django_jobs.job import State

from .base import BackendSubcommand
from .bulk import repair_all
from .console import Console
from .listing import add_filters, finder_of, wanted_jobs
from .target import known_queue
from .wording import count, printable

USAGE = 2
"""The exit code of arguments that make no sense together, which is argparse's own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A job that was left as it is, and why."""

    id: str
    reason: str


class RepairSubcommand(BackendSubcommand):
    """A subcommand that changes one job at a time.

    Attributes:
        repair: what it does.
        participle: what a changed job is then.
    """

    repair: ClassVar[Repair]
    participle: ClassVar[str]

    @property
    def states(self) -> tuple[State, ...]:
        """States of the jobs that it can change."""
        return self.repair.states

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("ids", metavar="ID", nargs="*", help="ids of the jobs")
        parser.add_argument(
            "--all", action="store_true", help="instead of ids: all jobs in the --state"
        )
        add_filters(parser, self.states)
        parser.add_argument(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="do not ask before --all",
        )

    def act(self, backend: JobBackend[Any], console: Console, options: Namespace) -> None:
        self._check(options)
        if options.all:
            changed, refused = self._change_all(backend, console, options), []
        else:
            inspection = backend.broker.inspection
            refused = [one for each in options.ids if (one := self._refusal(inspection, each))]
            changed = len(options.ids) - len(refused)
        self._report(console, options, changed, refused)

    def _check(self, options: Namespace) -> None:
        choices = ", ".join(state.value for state in self.states)
        filters = (options.state, options.queue, options.task, options.error, options.text)
        filtered = any(filters)
        if options.ids and (options.all or filtered):
            problem = "Give ids, or --all with what says which jobs are meant, not both."
        elif options.ids or (options.all and options.state):
            return
        elif options.all:
            problem = f"--all needs a --state: {choices}."
        elif filtered:
            problem = f"Add --all to {self.name} all these jobs."
        else:
            problem = f"Which jobs? Give ids, or --all with a --state: {choices}."
        raise CommandError(problem, returncode=USAGE)

    def _change_all(self, backend: JobBackend[Any], console: Console, options: Namespace) -> int:
        if options.queue:
            known_queue(backend, options.queue)
        return repair_all(
            finder_of(backend, wanted_jobs(options)),
            self.repair,
            console,
            interactive=options.interactive,
        )

    def _refusal(self, inspection: Inspection, job_id: str) -> Refusal | None:
        """Change a job; return why that could not be done."""
        if inspection.repair_one(self.repair, job_id):
            return None
        record = inspection.find(job_id)
        if record is None:
            return Refusal(job_id, f"There is no job {job_id!r}, or it is no longer kept.")
        *others, last = [state.value for state in self.states]
        return Refusal(
            job_id,
            f"The job {job_id} is {record.state.value}: only jobs that are {', '.join(others)} or"
            f" {last} can be {self.participle}.",
        )

    def _report(
        self, console: Console, options: Namespace, changed: int, refused: Sequence[Refusal]
    ) -> None:
        if options.json:
            reasons = [{"id": one.id, "reason": one.reason} for one in refused]
            console.show_json({"action": self.name, "changed": changed, "refused": reasons})
        elif changed:
            console.say(f"{count(changed, 'job')} {self.participle}.")
        if refused:
            raise CommandError("\n".join(printable(one.reason) for one in refused))
        if not changed:
            raise CommandError(f"No {options.state} job was {self.participle}: there is none.")


class Retry(RepairSubcommand):
    name = "retry"
    help = "Queues jobs that ended, or that wait for their time, now."
    repair = Repair.RETRY
    participle = "retried"


class Cancel(RepairSubcommand):
    name = "cancel"
    help = "Ends jobs that wait as discarded; they can be retried."
    repair = Repair.CANCEL
    participle = "cancelled"


class Delete(RepairSubcommand):
    name = "delete"
    help = "Forgets jobs that are not running, for good."
    repair = Repair.DELETE
    participle = "deleted"
