"""One change for all jobs of a kind, with a question before and a bar meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from django_jobs.brokers.inspection import Inspection

from .console import Console
from .listing import PAGE, Filters
from .progress import Progress

Change = Callable[[Inspection, str], bool]


def repair_all(
    inspection: Inspection,
    filters: Filters,
    change: Change,
    console: Console,
    *,
    verb: str,
    interactive: bool,
) -> int:
    """Change all jobs that are meant, and return how many could be changed.

    Args:
        filters: of one state.
        verb: what the change is called, for the question.
        interactive: whether to ask first.

    Raises:
        CommandError: the answer was no.
    """
    [state] = filters.states
    total = inspection.counts()[state]
    if not total:
        return 0
    console.confirm(_question(verb, filters, total), interactive=interactive)
    with console.progress(total) as progress:
        return _change_each(inspection, filters, change, total, progress)


def _question(verb: str, filters: Filters, total: int) -> str:
    [state] = filters.states
    marks = [
        f"{name} {value}"
        for name, value in (("queue", filters.queue), ("task", filters.task))
        if value
    ]
    if marks:
        return (
            f"{verb.capitalize()} those of the {total:,} {state.value} jobs that have the"
            f" {' and the '.join(marks)}?"
        )
    return f"{verb.capitalize()} all {total:,} {state.value} jobs?"


def _change_each(
    inspection: Inspection, filters: Filters, change: Change, total: int, progress: Progress
) -> int:
    """Change jobs from the front of the listing, which moves as changed jobs leave the state.

    No more jobs are looked at than there were at the start, and none is changed twice, however
    fast new ones come in or changed ones come back.
    """
    [state] = filters.states
    changed = passed = 0
    seen: set[str] = set()
    while len(seen) < total and (
        records := inspection.jobs(state, queue=filters.queue, offset=passed, limit=PAGE)
    ):
        for record in records:
            job_id = record.job.id
            if job_id not in seen and filters.wants(record) and change(inspection, job_id):
                changed += 1
            else:
                passed += 1
            seen.add(job_id)
            progress.advance()
    return changed
