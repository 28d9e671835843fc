"""One repair of all jobs of a kind, with a question before and a bar meanwhile."""

from __future__ import annotations

from dataclasses import replace

from django_jobs.brokers.finder import Finder
from django_jobs.brokers.inspection import Inspection, Repair
from django_jobs.brokers.search import Filter

from .console import Console
from .listing import PAGE
from .progress import Progress


def repair_all(
    inspection: Inspection, wanted: Filter, repair: Repair, console: Console, *, interactive: bool
) -> int:
    """Repair all jobs that are meant, and return how many that were.

    Args:
        wanted: of one state.
        interactive: whether to ask first.

    Raises:
        CommandError: the answer was no.
    """
    [state] = wanted.states
    total = inspection.counts()[state]
    if not total:
        return 0
    console.confirm(_question(repair, wanted, total), interactive=interactive)
    with console.progress(total) as progress:
        return _repair_each(inspection, wanted, repair, progress)


def _question(repair: Repair, wanted: Filter, total: int) -> str:
    [state] = wanted.states
    marks = [
        f"{name} {value}"
        for name, value in (
            ("queue", wanted.queue),
            ("task", wanted.task),
            ("error", wanted.error),
            ("text", wanted.text),
        )
        if value
    ]
    if marks:
        return (
            f"{repair.capitalize()} those of the {total:,} {state.value} jobs that have the"
            f" {' and the '.join(marks)}?"
        )
    return f"{repair.capitalize()} all {total:,} {state.value} jobs?"


def _repair_each(inspection: Inspection, wanted: Filter, repair: Repair, progress: Progress) -> int:
    """Repair jobs a page at a time: none twice, and none that came since this began."""
    began = inspection.scan(wanted, None, 1).at
    finder = Finder(inspection, replace(wanted, as_of=began))
    step = finder.repair(repair, reach=PAGE)
    number = step.number
    progress.advance(step.looked_at)
    while step.end:
        step = finder.repair(repair, step.end, PAGE)
        number += step.number
        progress.advance(step.looked_at)
    return number
