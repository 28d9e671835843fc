"""The tasks that the dashboard knows of: no more than workers import at their start."""

from __future__ import annotations

import logging
from functools import cache

from django_jobs.registry import import_task_modules

logger = logging.getLogger("django_jobs")


@cache
def import_once() -> None:
    """Import their modules, so that the pages know the names and the secrets of their parameters.

    An operator needs the pages most when a deploy is broken, so a module that can't be imported
    is logged, and arguments of its tasks stay hidden.
    """
    try:
        import_task_modules()
    except Exception:
        logger.exception("The dashboard can't import all tasks, so some arguments stay hidden.")
