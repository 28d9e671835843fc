"""The arguments, metadata and result of a job as the dashboard shows them."""

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
"""Lists show arguments of up to this many bytes."""

PREVIEW_LENGTH = 160
"""Characters of a call that a list shows."""


@dataclass(frozen=True, slots=True)
class NamedValue:
    """An argument, or an entry of the metadata.

    Attributes:
        name: the name of the parameter, or its number if the name is unknown; or the key.
        text: a string as it is, any other value as indented JSON.
    """

    name: str
    text: str


def preview(job: Job) -> str:
    """Return the arguments in one short line, or "" if there are none or they are too large."""
    if job.size > MAX_PREVIEW_BYTES:
        return ""
    try:
        args, kwargs = peek_arguments(job.arguments)
    except BrokenPayload:
        return _short(job.arguments)
    given = [*map(repr, args), *(f"{name}={it!r}" for name, it in kwargs.items())]
    return _short(", ".join(given))


def arguments(job: Job) -> list[NamedValue] | None:
    """Return the arguments, or None if they cannot be read."""
    try:
        args, kwargs = peek_arguments(job.arguments)
    except BrokenPayload:
        return None
    known = argument_names(job.task, len(args))
    names = [name or f"{index + 1}" for index, name in enumerate(known)]
    given = [*zip(names, args, strict=True), *kwargs.items()]
    return [NamedValue(name, to_text(value)) for name, value in given]


def metadata(job: Job) -> list[NamedValue]:
    """Return the metadata, including keys reserved by libraries."""
    return named_values(job.metadata)


def named_values(text: str) -> list[NamedValue]:
    """Return the entries of metadata, given as JSON text; one entry if it cannot be read."""
    try:
        return [NamedValue(key, to_text(value)) for key, value in decode_metadata(text).items()]
    except BrokenPayload:
        return [NamedValue("", text)]


def result(text: str | None) -> str | None:
    """Return the result of a succeeded job as text, or None if there is none.

    Args:
        text: the result as JSON.
    """
    if text is None:
        return None
    try:
        return to_text(peek_value(text))
    except BrokenPayload:
        return text


def to_text(value: Any) -> str:
    """Return a string as it is, any other value as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _short(text: str) -> str:
    return text if len(text) <= PREVIEW_LENGTH else f"{text[: PREVIEW_LENGTH - 1]}…"
