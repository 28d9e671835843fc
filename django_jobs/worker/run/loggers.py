"""The log handlers and levels of a worker, where the site has configured none."""

from __future__ import annotations

import logging

from django.conf import settings
from django.utils.log import AdminEmailHandler, RequireDebugTrue

from django_jobs.compat import Task

FORMAT = "%(asctime)s %(levelname)s %(message)s"

WORKER_LOGGER = "django_jobs"
"""The logger of what workers do."""

JOB_LOGGER = Task.__module__.rpartition(".")[0]
"""The logger of what happens to jobs: `django.tasks`, or `django_tasks` with the backport."""

WARNING, INFO, DEBUG = logging.WARNING, logging.INFO, logging.DEBUG
LEVELS = {
    WORKER_LOGGER: (WARNING, INFO, DEBUG, DEBUG),
    # Writing two lines for each job takes as long as running a small one.
    JOB_LOGGER: (WARNING, WARNING, INFO, DEBUG),
}
"""For each logger, its level at each verbosity."""


def configure_logging(verbosity: int) -> None:
    """Write to stderr, in a worker process, what no handler of the site writes.

    Args:
        verbosity: of the command: 0 for warnings, 1 for what the worker does, 2 for each job.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    show_failures(handler)
    for name, levels in LEVELS.items():
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(levels[verbosity])


def show_failures(handler: logging.Handler | None = logging.lastResort) -> None:
    """Make sure that failures appear somewhere, unless the site configures these loggers itself.

    Django's default `LOGGING` writes nothing in production, and has handlers all the same, so that
    Python's handler of last resort stays silent.

    Args:
        handler: what writes where no handler of the site does; by default that last resort, which
            writes warnings and errors to stderr.
    """
    for name in LEVELS:
        logger = logging.getLogger(name)
        # A LOGGING without "disable_existing_loggers": False turns off what it does not name.
        logger.disabled = False
        is_configured = logger.handlers or not logger.propagate
        if handler and not is_configured and not is_written(logger, logging.ERROR):
            logger.addHandler(handler)


def is_written(logger: logging.Logger, level: int) -> bool:
    """Return whether a handler would write a line; a mail to `ADMINS` does not count."""
    if not logger.isEnabledFor(level):
        return False
    above: logging.Logger | None = logger
    while above:
        for handler in above.handlers:  # a plain loop: this runs twice for each job
            if level >= handler.level and _writes(handler):
                return True
        above = above.parent if above.propagate else None
    return False


def _writes(handler: logging.Handler) -> bool:
    if isinstance(handler, AdminEmailHandler):
        return False
    return not handler.filters or settings.DEBUG or not _waits_for_debug(handler)


def _waits_for_debug(handler: logging.Handler) -> bool:
    return any(isinstance(one, RequireDebugTrue) for one in handler.filters)
