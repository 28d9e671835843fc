"""Imports the tasks that pages and commands need, the same as workers import at their start."""

from __future__ import annotations

import logging
from functools import cache

from django_jobs.tasks.registry import import_task_modules

logger = logging.getLogger("django_jobs")


@cache
def import_once() -> None:
    """Import the modules of tasks, so that the names and secrets of their parameters are known.

    Operators need pages and commands most when a deploy is broken. So a module that cannot be
    imported is only logged, and the arguments of its tasks stay hidden.
    """
    try:
        import_task_modules()
    except Exception:
        logger.exception("Not all tasks can be imported, so some arguments of jobs stay hidden.")
