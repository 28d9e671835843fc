"""Attachments that are too large for a job, as files in a storage."""

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
"""After a mail is due: 20 days of retries, then 180 in which an operator may retry a dead job."""

ENVELOPE = 256
"""Bytes that a job's arguments have besides the mail."""


def fit(payload: Payload, limit: int, due: date) -> Payload:
    """Return a mail that fits into a job, its largest attachments in files where need be.

    Nothing is stored for a mail that is too large even without them.

    Args:
        payload: a mail with all its contents.
        limit: the backend's `max_payload`, in bytes.
        due: the day on which the mail is to be sent.

    Raises:
        ImproperlyConfigured: attachments have to be stored, and there is no place for them.
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
    """Return a content with its data, read from the file where `fit` has stored it.

    Raises:
        Fail: the file is gone.
        BrokenPayload: the file's name is not one that `fit` gives.
    """
    if "file" not in content:
        return content
    files, name = _place(content)
    try:
        return from_bytes(content["kind"], files.read(name))
    except FileNotFoundError as error:
        raise Fail(
            f"The attachment {name} is not in the storage {files.alias!r} any more: the mail was"
            " sent already, or somebody has removed the file."
        ) from error


def remove(payload: Payload) -> None:
    """Remove a mail's files, and those of other mails that are out of date.

    Never an error: the mail is sent by now, and must not be sent again for a file's sake. What
    the storage refuses is logged.
    """
    places = list(_places(payload))
    for files, name in places:
        files.delete(name)
    for files, folder in {(files, name.parent) for files, name in places}:
        try:
            files.prune(folder)
            files.clean(_today())
        except Exception:
            logger.warning("The storage %r does not list %s.", files.alias, FOLDER, exc_info=True)


def clean_attachments(today: date | None = None) -> int:
    """Remove the files of mails that will not be sent any more.

    Such files are left by transactions that were rolled back, by mails that could not be
    enqueued, and by mails that were given up or deleted. The worker calls this each time that it
    has sent a mail with files.

    Args:
        today: files whose last day is before it go; by default the current day.

    Returns:
        How many files were removed.
    """
    return chosen_files().clean(today or _today())


def _today() -> date:
    return from_ms(now_ms()).date()


def _size(value: object) -> int:
    return len(dump_value(value).encode())


def _largest(parts: Sequence[Part], excess: int) -> frozenset[int]:
    """Return the numbers of the largest parts, as many as hold `excess` bytes; or none at all."""
    sizes = {number: _size(part["content"]) - ENVELOPE for number, part in enumerate(parts)}
    chosen: set[int] = set()
    for number in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if excess <= 0 or sizes[number] <= 0:
            break
        chosen.add(number)
        excess -= sizes[number]
    return frozenset(chosen if excess <= 0 else ())


def _stored(files: MailFiles, content: Content, name: PurePosixPath) -> Content:
    # A storage may give the file another name than the one that was asked for.
    given = files.save(name, to_bytes(content))
    return {"kind": content["kind"], "file": given, "storage": files.alias}


def _places(payload: Payload) -> Iterator[tuple[MailFiles, PurePosixPath]]:
    for part in payload["attachments"]:
        if "file" in part["content"]:
            yield _place(part["content"])


def _place(content: Content) -> tuple[MailFiles, PurePosixPath]:
    """Return where a content is: the setting may name another storage by now."""
    return MailFiles(content.get("storage", DEFAULT)), checked(content["file"])
