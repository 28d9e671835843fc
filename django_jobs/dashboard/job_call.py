"""A job's call and its result as the dashboard shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django_jobs.errors import BrokenPayload
from django_jobs.jobs.metadata import decode_metadata
from django_jobs.jobs.records import Job
from django_jobs.serialization.arguments import peek_arguments, peek_value
from django_jobs.tasks.redaction.parameters import argument_names

MAX_PREVIEW_BYTES = 10_000
"""Bytes of arguments up to which a list shows what is in them."""

PREVIEW_LENGTH = 160
"""Letters of a call that a list shows."""


@dataclass(frozen=True, slots=True)
class NamedValue:
    """One argument, or one of the metadata.

    Attributes:
        name: of the parameter, or its number where the name is not known; a key of metadata.
        text: JSON, with line breaks where it is long; a text as it is.
    """

    name: str
    text: str


def preview(job: Job) -> str:
    """Return the arguments of a call in one short line, or "" if they are long or none."""
    if job.size > MAX_PREVIEW_BYTES:
        return ""
    try:
        args, kwargs = peek_arguments(job.arguments)
    except BrokenPayload:
        return _short(job.arguments)
    given = [*map(repr, args), *(f"{name}={it!r}" for name, it in kwargs.items())]
    return _short(", ".join(given))


def arguments(job: Job) -> list[NamedValue] | None:
    """Return the arguments one by one, or None if they can't be read."""
    try:
        args, kwargs = peek_arguments(job.arguments)
    except BrokenPayload:
        return None
    known = argument_names(job.task, len(args))
    names = [name or f"{index + 1}" for index, name in enumerate(known)]
    given = [*zip(names, args, strict=True), *kwargs.items()]
    return [NamedValue(name, to_text(value)) for name, value in given]


def metadata(job: Job) -> list[NamedValue]:
    """Return the metadata of a job one by one, those that libraries reserve as well."""
    try:
        return [
            NamedValue(key, to_text(value)) for key, value in decode_metadata(job.metadata).items()
        ]
    except BrokenPayload:
        return [NamedValue("", job.metadata)]


def result(text: str | None) -> str | None:
    """Return what a success returned, or None if it is none.

    Args:
        text: JSON text of it.
    """
    if text is None:
        return None
    try:
        return to_text(peek_value(text))
    except BrokenPayload:
        return text


def to_text(value: Any) -> str:
    """Return a value for people: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _short(text: str) -> str:
    return text if len(text) <= PREVIEW_LENGTH else f"{text[: PREVIEW_LENGTH - 1]}…"
