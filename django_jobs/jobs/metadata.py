"""What a site attaches to a job besides its arguments: a small dict that attempts may change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django_jobs.compat import InvalidTask
from django_jobs.errors import BrokenPayload

MAX_METADATA = 64 * 1024
"""Bytes that the metadata of one job may take as JSON."""

RESERVED_PREFIX = "_"
"""What the keys of libraries begin with, which tasks neither see nor change."""


class UnusableMetadata(TypeError):
    """Metadata can't travel with a job; the message says why."""


def encode_metadata(metadata: object) -> str:
    """Return the JSON text of metadata, "" of an empty dict.

    Raises:
        UnusableMetadata: it is no dict of what JSON has, or too large.
    """
    if not isinstance(metadata, Mapping):
        raise UnusableMetadata(f"metadata must be a dict, not {type(metadata).__name__}.")
    if not metadata:
        return ""
    if not all(isinstance(key, str) for key in metadata):
        raise UnusableMetadata("metadata keys must be strings.")
    try:
        text = json.dumps(
            dict(metadata), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise UnusableMetadata(f"metadata must be JSON-serializable: {error}") from error
    if size > MAX_METADATA:
        raise UnusableMetadata(
            f"metadata take {size:,} bytes as JSON, more than the {MAX_METADATA:,} that a job may"
            " have. Store the data and keep its key."
        )
    return text


def decode_metadata(text: str) -> dict[str, Any]:
    """Return what `encode_metadata` was given.

    Raises:
        BrokenPayload: the text is not ours.
    """
    if not text:
        return {}
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenPayload(f"The stored metadata are not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise BrokenPayload("The stored metadata are no dict.")
    return metadata


def without_reserved(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tasks and readers of results see."""
    return {key: value for key, value in metadata.items() if not _is_reserved(key)}


def _is_reserved(key: object) -> bool:
    # A task may have put any key there, which is refused when the metadata are stored.
    return isinstance(key, str) and key.startswith(RESERVED_PREFIX)


def check_metadata(task: str, metadata: object) -> None:
    """Refuse metadata of a task that can't travel.

    Raises:
        InvalidTask: with the reason.
    """
    try:
        encode_metadata(metadata)
    except UnusableMetadata as error:
        raise InvalidTask(f"Task {task}: {error}") from error


class RunningMetadata:
    """The metadata of a running job, which its code may change.

    Args:
        text: as it is stored.

    Attributes:
        values: what the task sees, and changes.
    """

    def __init__(self, text: str) -> None:
        stored = decode_metadata(text)
        self.values = without_reserved(stored)
        self._reserved = {key: stored[key] for key in stored if key.startswith(RESERVED_PREFIX)}
        self._began = self._sent = self._saved = self._encoded()
        self._has_changed = False

    @property
    def is_modified(self) -> bool:
        """Whether the values differ from what was saved last."""
        try:
            return self._encoded() != self._saved
        except UnusableMetadata:
            return True

    def save(self) -> None:
        """Note the values as they are now, for the worker to store.

        Raises:
            UnusableMetadata: they can't be stored.
        """
        self._saved = self._encoded()
        self._has_changed |= self._saved != self._began

    def take_unsent(self) -> str | None:
        """Return what was saved since this was asked last, or None."""
        saved = self._saved
        if saved == self._sent:
            return None
        self._sent = saved
        return saved

    @property
    def changed(self) -> str | None:
        """What was saved, or None if it was always what the attempt began with."""
        return self._saved if self._has_changed else None

    def _encoded(self) -> str:
        return encode_metadata({**without_reserved(self.values), **self._reserved})
