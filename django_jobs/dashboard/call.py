"""A job's call as the dashboard shows it, without its secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django_jobs.arguments import show_arguments, show_value
from django_jobs.brokers.search import Candidate, Readable
from django_jobs.errors import BrokenPayload
from django_jobs.job import Job, Record
from django_jobs.redaction import Redactor, argument_names

LONGEST = 10_000
"""Bytes of arguments up to which a list shows what is in them."""

PREVIEW = 160
"""Letters of a call that a list shows."""


@dataclass(frozen=True, slots=True)
class Value:
    """One argument.

    Attributes:
        name: of the parameter, or its number where the name is not known.
        text: JSON, with line breaks where it is long; a text as it is.
    """

    name: str
    text: str


def readable(redactor: Redactor) -> Readable:
    """Return what may be searched: no more than what is shown."""

    def arguments(candidate: Candidate) -> str:
        return redactor.arguments(candidate.task, candidate.arguments)

    return arguments


def preview(job: Job, redactor: Redactor) -> str:
    """Return the arguments of a call in one short line, or "" if they are long or none."""
    if job.size > LONGEST:
        return ""
    shown = redactor.arguments(job.task, job.arguments)
    try:
        args, kwargs = show_arguments(shown)
    except BrokenPayload:
        return _short(shown)
    given = [*map(repr, args), *(f"{name}={it!r}" for name, it in kwargs.items())]
    return _short(", ".join(given))


def values(task: str, shown: str) -> list[Value] | None:
    """Return the arguments one by one, or None if they can't be read.

    Args:
        shown: JSON text of the call, without its secrets.
    """
    try:
        args, kwargs = show_arguments(shown)
    except BrokenPayload:
        return None
    names = [name or f"{index + 1}" for index, name in enumerate(argument_names(task, len(args)))]
    given = [*zip(names, args, strict=True), *kwargs.items()]
    return [Value(name, display(value)) for name, value in given]


def result(record: Record, redactor: Redactor) -> str | None:
    """Return what a success returned, or None if it is none."""
    if record.result is None:
        return None
    shown = redactor.value(record.result)
    try:
        return display(show_value(shown))
    except BrokenPayload:
        return shown


def display(value: Any) -> str:
    """Return a value for people: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _short(text: str) -> str:
    return text if len(text) <= PREVIEW else f"{text[: PREVIEW - 1]}…"
