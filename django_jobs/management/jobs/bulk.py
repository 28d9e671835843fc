"""One action for all jobs that match, with a confirmation and a progress bar."""

from __future__ import annotations

from dataclasses import replace

from django_jobs.brokers.inspection.base import Applied, JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.management.formatting import format_count

from .console import Console
from .listing import PAGE
from .progress import Progress


def apply_to_all(
    finder: Finder, action: JobAction, console: Console, *, interactive: bool
) -> Applied:
    """Apply an action to all jobs that match, and return how many it changed.

    Args:
        finder: finds jobs in one state.
        interactive: whether to ask for confirmation first.

    Raises:
        CommandError: the user declined.
    """
    [state] = finder.wanted.states
    total = finder.inspection.counts()[state]
    if not total:
        return Applied()
    console.confirm(_question(action, finder.wanted, total), interactive=interactive)
    with console.progress(total) as progress:
        return _apply_page_by_page(finder, action, progress)


def _question(action: JobAction, wanted: Filter, total: int) -> str:
    [state] = wanted.states
    filters = [
        f"{name} {value}"
        for name, value in (
            ("queue", wanted.queue),
            ("task", wanted.task),
            ("error", wanted.error),
            ("text", wanted.text),
            ("batch", wanted.batch),
        )
        if value
    ]
    jobs = format_count(total, f"{state.value} job")
    if filters:
        return f"{action.capitalize()} those of the {jobs} with {' and '.join(filters)}?"
    return f"{action.capitalize()} {'the' if total == 1 else 'all'} {jobs}?"


def _apply_page_by_page(finder: Finder, action: JobAction, progress: Progress) -> Applied:
    """Go page by page: no job twice, and none that was enqueued after the start."""
    began = finder.inspection.scan(finder.wanted, None, 1).at
    finder = replace(finder, wanted=replace(finder.wanted, as_of=began))
    step = finder.apply(action, reach=PAGE)
    number, locked = step.number, step.locked
    progress.advance(step.scanned)
    while step.end:
        step = finder.apply(action, step.end, PAGE)
        number, locked = number + step.number, locked + step.locked
        progress.advance(step.scanned)
    return Applied(number, locked)
