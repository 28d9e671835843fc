"""Formatters that write the job of each line: as text, or as one JSON object per line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from enum import StrEnum

from .fields import JOB_LOGGER, STAMP, add_fields, fields_of

STANDARD = frozenset([*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName", STAMP])
"""The attributes that every record has; the others come from `extra`."""


class LogFormat(StrEnum):
    """How a worker process writes its log."""

    TEXT = "text"
    JSON = "json"


class TextFormatter(logging.Formatter):
    """Writes `TIME LEVEL MESSAGE`, with task, id and queue before what a job's own code logs.

    Args:
        fmt: as for any formatter.
        names_backends: begin the message with the alias of the backend, for several in a process.
    """

    def __init__(
        self,
        fmt: str = "%(asctime)s %(levelname)s %(message)s",
        *,
        names_backends: bool = False,
    ) -> None:
        super().__init__(fmt)
        self._names_backends = names_backends

    def formatMessage(self, record: logging.LogRecord) -> str:
        add_fields(record)
        job = fields_of(record)
        if "job_id" in job and record.name != JOB_LOGGER:  # whose lines name the job themselves
            record.message = f"[{job['task']} {job['job_id']} {job['queue']}] {record.message}"
        if self._names_backends and "backend" in job:
            record.message = f"[{job['backend']}] {record.message}"
        return super().formatMessage(record)


class JSONFormatter(logging.Formatter):
    """Writes one JSON object per line.

    Its keys are `time` (ISO 8601, UTC), `level`, `logger`, `message`, `process` (its id),
    `thread`, the attributes of the job and the worker, `traceback` and `stack` if there is one,
    and `extra`, an object with all other attributes that the line was given.
    """

    def format(self, record: logging.LogRecord) -> str:
        add_fields(record)
        line: dict[str, object] = {
            "time": _iso(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
            "thread": record.threadName,
            **fields_of(record),
        }
        if traceback := self._traceback(record):
            line["traceback"] = traceback
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        if extra := _extra(record):
            line["extra"] = extra
        return _dumps(line)

    def _traceback(self, record: logging.LogRecord) -> str | None:
        if record.exc_info and not record.exc_text:
            try:
                record.exc_text = self.formatException(record.exc_info)
            except Exception as trouble:  # noqa: BLE001 (an error may hold anything)
                return f"(the traceback can't be written: {type(trouble).__name__})"
        return record.exc_text


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    """Return the message, or what can be told of one whose arguments do not fit."""
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 (an argument's own __str__ may raise anything)
        return f"{record.msg!s} (its arguments can't be written: {error!r})"


def _extra(record: logging.LogRecord) -> dict[str, object]:
    """Return the attributes that not every record has and that are no field of the line."""
    shown = fields_of(record)
    return {
        str(name): value
        for name, value in record.__dict__.items()
        if name not in STANDARD and shown.get(name, STAMP) is not value
    }


def _dumps(line: dict[str, object]) -> str:
    try:
        return json.dumps(line, default=_text, allow_nan=False)
    except (TypeError, ValueError, RecursionError):  # keys, NaN, or a circle in the extra
        return json.dumps({**line, "extra": _text(line.get("extra"))}, default=_text)


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 (somebody's own __str__)
        return f"<{type(value).__name__}>"
