"""The metadata of a job: a small dict in addition to its arguments, which attempts may change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django_jobs.compat import InvalidTask
from django_jobs.errors import BrokenPayload

MAX_METADATA = 64 * 1024
"""The largest size of one job's metadata as JSON, in bytes."""

RESERVED_PREFIX = "_"
"""The prefix of keys reserved for libraries: tasks neither see nor change them."""


class UnusableMetadata(TypeError):
    """Metadata cannot travel with a job; the message says why."""


def encode_metadata(metadata: object) -> str:
    """Return the JSON text of metadata, or "" for an empty dict.

    Raises:
        UnusableMetadata: it is not a dict of JSON values, or too large.
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
            f"metadata takes {size:,} bytes as JSON, more than the {MAX_METADATA:,} that a job may"
            " have. Store the data and keep its key."
        )
    return text


def encode_with_reserved(metadata: Mapping[str, Any], reserved: Mapping[str, Any]) -> str:
    """Return the JSON text of metadata with reserved keys of libraries.

    The reserved ones are left out if there is no room for them: no library may refuse a job.

    Raises:
        UnusableMetadata: the metadata itself cannot travel.
    """
    try:
        return encode_metadata({**metadata, **reserved})
    except UnusableMetadata:
        return encode_metadata(metadata)


def decode_metadata(text: str) -> dict[str, Any]:
    """Return the metadata that `encode_metadata` wrote.

    Raises:
        BrokenPayload: `encode_metadata` did not write the text.
    """
    if not text:
        return {}
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenPayload(f"The stored metadata is not JSON: {error}") from error
    if not isinstance(metadata, dict):
        raise BrokenPayload("The stored metadata is not a dict.")
    return metadata


def without_reserved(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata without reserved keys, as tasks and readers of results see it."""
    return {key: value for key, value in metadata.items() if not _is_reserved(key)}


def _is_reserved(key: object) -> bool:
    # A task may have set any key; a wrong one is refused when the metadata is stored.
    return isinstance(key, str) and key.startswith(RESERVED_PREFIX)


def check_metadata(task: str, metadata: object) -> None:
    """Refuse metadata of a task that cannot travel.

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
        text: the stored JSON text.

    Attributes:
        values: what the task sees and may change.
    """

    def __init__(self, text: str) -> None:
        stored = decode_metadata(text)
        self.values = without_reserved(stored)
        self._reserved = {key: stored[key] for key in stored if key.startswith(RESERVED_PREFIX)}
        self._began = self._sent = self._saved = self._encoded()
        self._has_changed = False

    @property
    def is_modified(self) -> bool:
        """Whether the values differ from the last saved ones."""
        try:
            return self._encoded() != self._saved
        except UnusableMetadata:
            return True

    def save(self) -> None:
        """Take the current values for the worker to store.

        Raises:
            UnusableMetadata: they cannot be stored.
        """
        self._saved = self._encoded()
        self._has_changed |= self._saved != self._began

    def take_unsent(self) -> str | None:
        """Return what was saved since the last call of this method, or None."""
        saved = self._saved
        if saved == self._sent:
            return None
        self._sent = saved
        return saved

    @property
    def changed(self) -> str | None:
        """The saved text, or None if it never differed from the text at the attempt's start."""
        return self._saved if self._has_changed else None

    def _encoded(self) -> str:
        return encode_metadata({**without_reserved(self.values), **self._reserved})
