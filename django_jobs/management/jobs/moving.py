"""`jobs move`: moves waiting jobs to another queue or to another backend."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.constants import MOVABLE
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.inspection.finder import Finder, Page
from django_jobs.brokers.moving import PORTION, BrokerMove, Moved
from django_jobs.jobs.records import JOB_FORMAT, JobRecord, State
from django_jobs.management.formatting import format_count, printable
from django_jobs.management.target import known_queue, visible_backend

from .base import USAGE_ERROR, BackendSubcommand
from .console import Console
from .job_actions import Refusal
from .listing import add_filters, job_filter, make_finder

STATES = tuple(State(state) for state in MOVABLE)

MovePortion = Callable[[Sequence[str], str, str], Moved]
"""Moves jobs, given by their ids, from one queue to another."""


class Move(BackendSubcommand):
    name = "move"
    help = "Moves queued, scheduled or retrying jobs to another queue or to another backend."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        add = parser.add_argument
        add("ids", metavar="ID", nargs="*", help="IDs of the jobs.")
        add("--all", action="store_true", help="Instead of IDs: all waiting jobs that match.")
        add_filters(parser, STATES)
        add("--to-queue", metavar="NAME", help="The queue to move them to. Defaults to their own.")
        add(
            "--to-backend",
            metavar="ALIAS",
            help="The backend to move them to: an alias in TASKS. Defaults to the one they are in.",
        )
        add(
            *("--no-input", "--noinput"),
            action="store_false",
            dest="interactive",
            help="Do not ask for confirmation of --all.",
        )

    def handle_backend(self, backend: JobBackend, console: Console, options: Namespace) -> None:
        target = self._check(backend, options)
        if target.alias == backend.alias:
            moved, refused = _move(backend, target, _within(backend), console, options)
        else:
            way = BrokerMove(
                source=backend.broker.inspection,
                target=target.broker.inspection,
                source_name=backend.alias,
                target_name=target.alias,
            )
            with way.alone():
                left = way.finish()
                moved, refused = _move(backend, target, way.move, console, options)
                moved += left
                way.tidy_up()
        _report(console, options, target, moved, refused)

    def _check(self, backend: JobBackend, options: Namespace) -> JobBackend:
        """Return the backend to which the jobs go."""
        if bool(options.ids) == options.all:
            raise _usage_error("Give either the IDs of jobs, or --all, with or without filters.")
        if options.ids and any(
            (options.state, options.queue, options.task, options.error, options.text)
        ):
            raise _usage_error("Give either IDs or --all with filters, not both.")
        alias = options.to_backend or backend.alias
        if not options.to_queue and alias == backend.alias:
            raise _usage_error("Say where the jobs go: --to-queue, --to-backend, or both.")
        target = backend if alias == backend.alias else visible_backend(alias)
        if options.queue:
            known_queue(backend, options.queue)
        if options.to_queue:
            known_queue(target, options.to_queue)
        return target


def _within(backend: JobBackend) -> MovePortion:
    """Return what moves jobs from queue to queue of one backend."""

    def move(ids: Sequence[str], source: str, target: str) -> Moved:
        return Moved(len(backend.broker.inspection.move(ids, source, target)))

    return move


def _move(
    backend: JobBackend,
    target: JobBackend,
    move: MovePortion,
    console: Console,
    options: Namespace,
) -> tuple[Moved, list[Refusal]]:
    portions: Iterable[Sequence[JobRecord]]
    refused: list[Refusal] = []
    if options.all:
        portions = _matching(backend, console, options)
    else:
        named, refused = _named(backend.broker.inspection, options.ids)
        portions = [named]
    moved = Moved()
    for waiting in portions:
        records = waiting
        if target.alias != backend.alias:
            records = [record for record in waiting if record.job.format <= JOB_FORMAT]
            refused += [_too_new(record) for record in waiting if record.job.format > JOB_FORMAT]
        for queue, ids in _by_queue(records).items():
            to_queue = options.to_queue or known_queue(target, queue).name
            if (target.alias, to_queue) != (backend.alias, queue):
                moved += move(ids, queue, to_queue)
    return moved, refused


def _too_new(record: JobRecord) -> Refusal:
    return Refusal(
        record.job.id,
        f"Job {record.job.id} was not moved: a newer django_jobs enqueued it, and its record would"
        " lose what this version cannot read. Move it with that version.",
    )


def _by_queue(records: Sequence[JobRecord]) -> Mapping[str, list[str]]:
    ids: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        ids[record.job.queue].append(record.job.id)
    return ids


def _named(inspection: Inspection, ids: Sequence[str]) -> tuple[list[JobRecord], list[Refusal]]:
    """Return the jobs with these ids that wait, and why the others cannot be moved."""
    # The id of a merged call is none of a job, although one stands for it.
    known = {one.job.id: one for one in inspection.read(ids) if one.job.id in ids}
    refused = [
        Refusal(job_id, f"There is no job {job_id!r}, or it is no longer kept.")
        for job_id in ids
        if job_id not in known
    ]
    refused += [
        Refusal(
            record.job.id,
            f"Job {record.job.id} is {record.state.value}: only queued, scheduled or retrying jobs"
            " can be moved.",
        )
        for record in known.values()
        if record.state not in MOVABLE
    ]
    return [record for record in known.values() if record.state in MOVABLE], refused


def _matching(
    backend: JobBackend, console: Console, options: Namespace
) -> Iterator[Sequence[JobRecord]]:
    """Yield the jobs that match, in portions, after the user has confirmed."""
    finder = make_finder(backend, job_filter(options, STATES))
    counts = finder.inspection.counts()
    total = sum(counts[state] for state in finder.wanted.states)
    if not total:
        return
    filters = (options.queue, options.task, options.error, options.text)
    waiting = format_count(total, f"{options.state or 'waiting'} job")
    where = [f"queue {options.to_queue}"] if options.to_queue else []
    where += [f"backend {options.to_backend}"] if options.to_backend else []
    console.confirm(
        f"Move {'those of ' if any(filters) else ''}the {waiting}"
        f"{' that match' if any(filters) else ''} to {' of '.join(where)}?",
        interactive=options.interactive,
    )
    with console.progress(total) as progress:
        for page in _pages(finder):
            yield page.records
            progress.advance(page.scanned)


def _pages(finder: Finder) -> Iterator[Page]:
    """Yield pages of the jobs that match, without those that come after the start."""
    began = finder.inspection.scan(finder.wanted, None, 1).at
    finder = replace(finder, wanted=replace(finder.wanted, as_of=began))
    page = finder.page(limit=PORTION)
    yield page
    while page.end:
        page = finder.page(page.end, limit=PORTION)
        yield page


def _report(
    console: Console,
    options: Namespace,
    target: JobBackend,
    moved: Moved,
    refused: Sequence[Refusal],
) -> None:
    refused = [
        *refused,
        *(
            Refusal(
                job_id,
                f"Job {job_id} was not moved: {target.alias} has a job with this id, or one that"
                " holds its lock, or both backends are the same store.",
            )
            for job_id in moved.known
        ),
    ]
    if options.json:
        reasons = [{"id": one.id, "reason": one.reason} for one in refused]
        console.show_json({"action": "move", "moved": moved.number, "refused": reasons})
    elif moved.number:
        console.info(f"{format_count(moved.number, 'job')} moved.")
    if refused:
        raise CommandError("\n".join(printable(one.reason) for one in refused))
    if not moved.number:
        raise CommandError("No waiting jobs match, so none was moved.")


def _usage_error(problem: str) -> CommandError:
    return CommandError(problem, returncode=USAGE_ERROR)
