"""The handlers that exist in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from .fields import JobFields


def existing_handlers() -> Iterator[logging.Handler]:
    """Yield the handlers of all loggers."""
    for logger in (logging.root, *logging.root.manager.loggerDict.copy().values()):
        yield from getattr(logger, "handlers", ())  # a placeholder has none


def add_job_fields() -> None:
    """Add the filter `JobFields` to each handler that has none yet."""
    for handler in existing_handlers():
        if not any(isinstance(each, JobFields) for each in handler.filters):
            handler.addFilter(JobFields())
