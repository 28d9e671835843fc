"""Log lines of a worker process whose site has not arranged where they go."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(message)s"

WARNING, INFO, DEBUG = logging.WARNING, logging.INFO, logging.DEBUG
LEVELS = {
    "django_jobs": (WARNING, INFO, DEBUG, DEBUG),
    # Two lines for each job, which take a worker as long as many a job does. Failures are errors.
    "django.tasks": (WARNING, WARNING, INFO, DEBUG),
    "django_tasks": (WARNING, WARNING, INFO, DEBUG),
}
"""Of each logger, the level for each verbosity."""


def configure_logging(verbosity: int) -> None:
    """Write to stderr what no handler of the site would.

    Args:
        verbosity: of the command: 0 for warnings, 1 for what the worker does, 2 for each job.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    for name, levels in LEVELS.items():
        logger = logging.getLogger(name)
        if not logger.hasHandlers():
            logger.addHandler(handler)
        if logger.level == logging.NOTSET:
            logger.setLevel(levels[verbosity])
