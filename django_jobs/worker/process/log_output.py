"""What a worker process writes to its log, and in which format."""

from __future__ import annotations

import logging
import sys

from django_jobs.logs.formatters import JSONFormatter, LogFormat, TextFormatter
from django_jobs.logs.handlers import existing_handlers
from django_jobs.worker.run.loggers import LEVELS, is_written, level_at, show_failures, writes


class _Unwritten(logging.Filter):
    """Keeps lines out of the root logger's handler that the handler of another logger writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger and logger is not logging.root:
            if any(record.levelno >= each.level and writes(each) for each in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True


def configure_logging(
    verbosity: int,
    log_format: LogFormat,
    level: str | None = None,
    *,
    names_backends: bool = False,
) -> None:
    """Write to stderr what no handler of the site writes.

    Args:
        verbosity: of the command: 0 for warnings, 1 for what the worker does, 2 for each job.
            With `DEBUG`, 1 is enough for these.
        log_format: of these lines. JSON is also the format of the site's own handlers that write
            to stdout or stderr, and of Python's warnings.
        level: name of a level, for the loggers of django_jobs and the root logger. By default the
            verbosity decides, where the site sets no level.
        names_backends: begin lines of text with the alias of their backend.
    """
    handler = logging.StreamHandler()
    if log_format is LogFormat.JSON:
        handler.setFormatter(JSONFormatter())
    else:
        handler.setFormatter(TextFormatter(names_backends=names_backends))
    if not is_written(logging.root, logging.CRITICAL):
        handler.addFilter(_Unwritten())
        logging.root.addHandler(handler)
    show_failures(handler)
    for name in LEVELS:
        logger = logging.getLogger(name)
        if level or logger.level == logging.NOTSET:
            logger.setLevel(level or level_at(verbosity, name))
    if level:
        logging.root.setLevel(level)
    if log_format is LogFormat.JSON:
        _write_json()


def _write_json() -> None:
    logging.captureWarnings(True)
    consoles = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    for handler in existing_handlers():
        if isinstance(handler, logging.StreamHandler) and handler.stream in consoles:
            handler.setFormatter(JSONFormatter())
