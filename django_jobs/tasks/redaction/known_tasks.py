"""The tasks that pages and commands know of: no more than workers import at their start."""

from __future__ import annotations

import logging
from functools import cache

from django_jobs.tasks.registry import import_task_modules

logger = logging.getLogger("django_jobs")


@cache
def import_once() -> None:
    """Import their modules, so that the names and the secrets of their parameters are known.

    An operator needs pages and commands most when a deploy is broken, so a module that can't be
    imported is logged, and arguments of its tasks stay hidden.
    """
    try:
        import_task_modules()
    except Exception:
        logger.exception("Not all tasks can be imported, so some arguments of jobs stay hidden.")
