"""Attachments that are too large for a job, as files in the default storage."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import PurePosixPath
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from django_jobs.arguments import encode_value
from django_jobs.clock import from_ms, now_ms
from django_jobs.errors import BrokenPayload, Fail
from django_jobs.mail.codec import Part, Payload
from django_jobs.mail.contents import Content, from_bytes, to_bytes

logger = logging.getLogger(__name__)

FOLDER = PurePosixPath("django_jobs/mail")
"""Holds `<last day of need>/<random digits of the mail>/<number>`, never a name of the user's."""

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
    """
    excess = _size(payload) + ENVELOPE - limit
    if excess <= 0:
        return payload
    chosen = _largest(payload["attachments"], excess)
    folder = FOLDER / (due + KEPT).isoformat() / uuid4().hex
    attachments: list[Part] = [
        {**part, "content": _stored(part["content"], folder / str(number))}
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
    name = _checked(content["file"])
    try:
        with default_storage.open(str(name)) as file:
            return from_bytes(content["kind"], file.read())
    except FileNotFoundError as error:
        raise Fail(
            f"The attachment {name} is not in the default storage any more: the mail was sent"
            " already, or somebody has removed the file."
        ) from error


def remove(payload: Payload) -> None:
    """Remove a mail's files, and those of other mails that are out of date.

    Never an error: the mail is sent by now, and must not be sent again for a file's sake. What
    the storage refuses is logged.
    """
    names = list(_files(payload))
    if not names:
        return
    for name in names:
        _delete(name)
    for folder in {name.parent for name in names}:
        _delete(folder)
    try:
        clean_attachments()
    except Exception:
        logger.warning("The default storage does not list %s.", FOLDER, exc_info=True)


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
    today = today or _today()
    removed = 0
    for day in _folders(FOLDER):
        if not _is_over(day, today):
            continue
        for mail in _folders(day):
            removed += _clear(mail)
        _delete(day)
    return removed


def _today() -> date:
    return from_ms(now_ms()).date()


def _size(value: object) -> int:
    return len(encode_value(value).encode())


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


def _stored(content: Content, name: PurePosixPath) -> Content:
    # A storage may give the file another name than the one that was asked for.
    given = default_storage.save(str(name), ContentFile(to_bytes(content)))
    return {"kind": content["kind"], "file": str(_checked(given))}


def _files(payload: Payload) -> Iterator[PurePosixPath]:
    for part in payload["attachments"]:
        if "file" in part["content"]:
            yield _checked(part["content"]["file"])


def _checked(text: str) -> PurePosixPath:
    """Return a name in our folder: whoever can write to Redis must not reach other files."""
    name = PurePosixPath(text)
    if FOLDER not in name.parents or ".." in name.parts:
        raise BrokenPayload(f"{text[:200]!r} is not a file that django_jobs has stored for a mail.")
    return name


def _folders(parent: PurePosixPath) -> list[PurePosixPath]:
    try:
        names, _ = default_storage.listdir(str(parent))
    except FileNotFoundError:
        return []
    return [parent / name for name in names]


def _is_over(day: PurePosixPath, today: date) -> bool:
    try:
        return date.fromisoformat(day.name) < today
    except ValueError:
        return False


def _clear(folder: PurePosixPath) -> int:
    _, names = default_storage.listdir(str(folder))
    for name in names:
        _delete(folder / name)
    _delete(folder)
    return len(names)


def _delete(name: PurePosixPath) -> None:
    try:
        default_storage.delete(str(name))
    except Exception:
        logger.warning("%s could not be removed from the default storage.", name, exc_info=True)
