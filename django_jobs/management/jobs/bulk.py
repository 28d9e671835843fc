"""One repair of all jobs of a kind, with a question before and a bar meanwhile."""

from __future__ import annotations

from dataclasses import replace

from django_jobs.brokers.finder import Finder
from django_jobs.brokers.inspection import Repair
from django_jobs.brokers.search import Filter

from .console import Console
from .listing import PAGE
from .progress import Progress


def repair_all(finder: Finder, repair: Repair, console: Console, *, interactive: bool) -> int:
    """Repair all jobs that are meant, and return how many that were.

    Args:
        finder: of jobs in one state.
        interactive: whether to ask first.

    Raises:
        CommandError: the answer was no.
    """
    [state] = finder.wanted.states
    total = finder.inspection.counts()[state]
    if not total:
        return 0
    console.confirm(_question(repair, finder.wanted, total), interactive=interactive)
    with console.progress(total) as progress:
        return _repair_each(finder, repair, progress)


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


def _repair_each(finder: Finder, repair: Repair, progress: Progress) -> int:
    """Repair jobs a page at a time: none twice, and none that came since this began."""
    began = finder.inspection.scan(finder.wanted, None, 1).at
    finder = replace(finder, wanted=replace(finder.wanted, as_of=began))
    step = finder.repair(repair, reach=PAGE)
    number = step.number
    progress.advance(step.looked_at)
    while step.end:
        step = finder.repair(repair, step.end, PAGE)
        number += step.number
        progress.advance(step.looked_at)
    return number
