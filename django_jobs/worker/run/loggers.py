"""The loggers of django_jobs, and whether anybody reads what they write."""

from __future__ import annotations

import logging

from django.conf import settings
from django.utils.log import AdminEmailHandler, RequireDebugTrue

from django_jobs.logs.fields import JOB_LOGGER, WORKER_LOGGER

WARNING, INFO, DEBUG = logging.WARNING, logging.INFO, logging.DEBUG
LEVELS = {
    WORKER_LOGGER: (WARNING, INFO, DEBUG, DEBUG),
    # Writing two lines for each job takes as long as running a small one.
    JOB_LOGGER: (WARNING, WARNING, INFO, DEBUG),
}
"""For each logger, its level at each verbosity."""


def level_at(verbosity: int, name: str) -> int:
    """Return the level of a logger, which in development tells of each job by default."""
    if name == JOB_LOGGER and settings.DEBUG and verbosity == 1:
        return INFO
    return LEVELS[name][verbosity]


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
            if level >= handler.level and writes(handler):
                return True
        above = above.parent if above.propagate else None
    return False


def writes(handler: logging.Handler) -> bool:
    """Return whether a handler writes lines of its level; a mail to `ADMINS` does not count."""
    if isinstance(handler, AdminEmailHandler):
        return False
    return not handler.filters or settings.DEBUG or not _waits_for_debug(handler)


def _waits_for_debug(handler: logging.Handler) -> bool:
    return any(isinstance(one, RequireDebugTrue) for one in handler.filters)
