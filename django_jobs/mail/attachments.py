"""Stores attachments that are too large for a job as files in a storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import PurePosixPath
from uuid import uuid4

from django_jobs.clock import from_ms, now_ms
from django_jobs.errors import Fail
from django_jobs.mail.codec import Part, Payload
from django_jobs.mail.content import Content, from_bytes, to_bytes
from django_jobs.mail.files import DEFAULT, FOLDER, MailFiles, checked, chosen_files
from django_jobs.serialization.arguments import dump_value

logger = logging.getLogger(__name__)

KEPT = timedelta(days=210)
"""After an email is due: 20 days of retries, then 180 days in which a dead job can be retried."""

ENVELOPE = 256
"""Bytes of a job's arguments in addition to the email."""


def fit(payload: Payload, limit: int, due: date) -> Payload:
    """Return an email that fits into a job, with its largest attachments in files if necessary.

    Nothing is stored for an email that is too large even without attachments.

    Args:
        payload: an email with all its contents.
        limit: the backend's `max_payload`, in bytes.
        due: the day on which the email will be sent.

    Raises:
        ImproperlyConfigured: attachments must be stored, but no storage is configured for them.
    """
    excess = _size(payload) + ENVELOPE - limit
    if excess <= 0:
        return payload
    chosen = _largest(payload["attachments"], excess)
    files = chosen_files()
    if chosen:
        files.check()
    folder = FOLDER / (due + KEPT).isoformat() / uuid4().hex
    attachments: list[Part] = [
        {**part, "content": _stored(files, part["content"], folder / str(number))}
        if number in chosen
        else part
        for number, part in enumerate(payload["attachments"])
    ]
    return {**payload, "attachments": attachments}


def read(content: Content) -> Content:
    """Return a content with its data, read from a file if `fit` stored it in one.

    Raises:
        Fail: the file no longer exists.
        BrokenPayload: the name is not one of a file stored by `fit`.
    """
    if "file" not in content:
        return content
    files, name = _place(content)
    try:
        return from_bytes(content["kind"], files.read(name))
    except FileNotFoundError as error:
        raise Fail(
            f"The attachment {name} is no longer in the storage {files.alias!r}: the email was"
            " already sent, or the file was deleted."
        ) from error


def remove(payload: Payload) -> None:
    """Remove the files of an email, and those of other emails that have expired.

    Errors of the storage are logged, not raised: the email has been sent, and must not be sent
    again because a file could not be removed.
    """
    places = list(_places(payload))
    for files, name in places:
        files.delete(name)
    for files, folder in {(files, name.parent) for files, name in places}:
        try:
            files.prune(folder)
            files.clean(_today())
        except Exception:
            logger.warning("Could not clean %s in storage %r.", FOLDER, files.alias, exc_info=True)


def clean_attachments(today: date | None = None) -> int:
    """Remove the files of emails that will no longer be sent.

    Transactions that were rolled back, emails that could not be enqueued, and jobs that were
    deleted or have died leave such files. Workers call this function after sending an email with
    files.

    Args:
        today: files that expire before this day are removed; today by default.

    Returns:
        The number of files removed.
    """
    return chosen_files().clean(today or _today())


def _today() -> date:
    return from_ms(now_ms()).date()


def _size(value: object) -> int:
    return len(dump_value(value).encode())


def _largest(parts: Sequence[Part], excess: int) -> frozenset[int]:
    """Return the numbers of the largest parts that free `excess` bytes, or none if they cannot."""
    sizes = {number: _size(part["content"]) - ENVELOPE for number, part in enumerate(parts)}
    chosen: set[int] = set()
    for number in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0 or sizes[number] <= 0:
            break
        chosen.add(number)
        excess -= sizes[number]
    return frozenset(chosen if excess <= 0 else ())


def _stored(files: MailFiles, content: Content, name: PurePosixPath) -> Content:
    # A storage may choose another name than the one requested.
    given = files.save(name, to_bytes(content))
    return {"kind": content["kind"], "file": given, "storage": files.alias}


def _places(payload: Payload) -> Iterator[tuple[MailFiles, PurePosixPath]]:
    for part in payload["attachments"]:
        if "file" in part["content"]:
            yield _place(part["content"])


def _place(content: Content) -> tuple[MailFiles, PurePosixPath]:
    """Return where a content is stored, which may not be the storage in today's setting."""
    return MailFiles(content.get("storage", DEFAULT)), checked(content["file"])
