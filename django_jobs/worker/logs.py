"""Log lines of a worker process whose site has not arranged where they go."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(message)s"
LOGGERS = ("django_jobs", "django.tasks", "django_tasks")
LEVELS = {0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG, 3: logging.DEBUG}


def configure_logging(verbosity: int) -> None:
    """Write to stderr what no handler of the site would.

    Args:
        verbosity: of the command: 0 for warnings, 1 for what happens, 2 for more.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not logger.hasHandlers():
            logger.addHandler(handler)
        if logger.level == logging.NOTSET:
            logger.setLevel(LEVELS[verbosity])
