"""The files of mails, in the storage that the site has chosen for them."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InvalidStorageError, Storage, storages

from django_jobs.errors import BrokenPayload

logger = logging.getLogger(__name__)

SETTING = "JOB_EMAIL_STORAGE"
DEFAULT = "default"

FOLDER = PurePosixPath("django_jobs/mail")
"""Holds `<last day of need>/<random digits of the mail>/<number>`, never a name of the user's."""

TRIES = 100
"""How often storing a file is tried while others remove its folder, which is empty until then."""


@dataclass(frozen=True, slots=True)
class MailFiles:
    """What is kept of mails in one of the site's storages.

    Attributes:
        alias: of the storage in `STORAGES`.
    """

    alias: str

    @property
    def storage(self) -> Storage:
        """The storage itself.

        Raises:
            ImproperlyConfigured: it is not in `STORAGES`, or cannot be made.
        """
        try:
            return storages[self.alias]
        except InvalidStorageError as error:
            raise ImproperlyConfigured(
                f"{SETTING} names {self.alias!r}, a storage that cannot be used: {error}"
            ) from error

    def check(self) -> None:
        """Make sure that files can be kept in a place that somebody has chosen.

        Raises:
            ImproperlyConfigured: with the setting to change.
        """
        storage = self.storage
        if isinstance(storage, FileSystemStorage) and not storage.base_location:
            raise ImproperlyConfigured(
                f"The storage {self.alias!r} has no location and MEDIA_ROOT is not set, so large"
                " attachments of mail that is sent later would go to the working directory. Set"
                f" MEDIA_ROOT, or let {SETTING} name a storage of STORAGES that web process and"
                " worker share."
            )

    def save(self, name: PurePosixPath, raw: bytes) -> str:
        """Store a file, and return the name that the storage gave it."""
        for _ in range(TRIES - 1):
            with suppress(FileNotFoundError, FileExistsError):
                return self._saved(name, raw)
        return self._saved(name, raw)

    def read(self, name: PurePosixPath) -> bytes:
        """Return what is in a file; raise FileNotFoundError if it is gone."""
        with self.storage.open(str(name)) as file:
            return bytes(file.read())

    def delete(self, name: PurePosixPath) -> None:
        """Remove a file; that the storage refuses to is logged."""
        try:
            self.storage.delete(str(name))
        except Exception:
            logger.warning(
                "%s could not be removed from the storage %r.", name, self.alias, exc_info=True
            )

    def clean(self, today: date) -> int:
        """Remove files whose last day is over, and return how many there were."""
        removed = 0
        for day in self._folders(FOLDER):
            if _is_over(day, today):
                removed += sum(map(self._clear, self._folders(day)))
                self.prune(day)
        return removed

    def prune(self, folder: PurePosixPath) -> None:
        """Remove a folder of ours and those above it, as far as they are empty."""
        for each in (folder, *folder.parents):
            if each == PurePosixPath() or not self._is_empty(each):
                return
            # Another process may have stored a file in it since.
            with suppress(OSError):
                self.storage.delete(str(each))

    def _saved(self, name: PurePosixPath, raw: bytes) -> str:
        return checked(self.storage.save(str(name), ContentFile(raw))).as_posix()

    def _is_empty(self, folder: PurePosixPath) -> bool:
        try:
            folders, files = self.storage.listdir(str(folder))
        except FileNotFoundError:
            return True
        return not folders and not files

    def _folders(self, parent: PurePosixPath) -> list[PurePosixPath]:
        try:
            names, _ = self.storage.listdir(str(parent))
        except FileNotFoundError:
            return []
        return [parent / name for name in names]

    def _clear(self, folder: PurePosixPath) -> int:
        _, names = self.storage.listdir(str(folder))
        for name in names:
            self.delete(folder / name)
        self.prune(folder)
        return len(names)


def chosen_files() -> MailFiles:
    """Return where the files of new mails go."""
    return MailFiles(getattr(settings, SETTING, DEFAULT))


def checked(text: str) -> PurePosixPath:
    """Return a name in our folder: somebody who can write to Redis must not reach other files.

    Raises:
        BrokenPayload: it is none.
    """
    name = PurePosixPath(text)
    if FOLDER not in name.parents or ".." in name.parts:
        raise BrokenPayload(f"{text[:200]!r} is not a file that django_jobs has stored for a mail.")
    return name


def _is_over(day: PurePosixPath, today: date) -> bool:
    try:
        return date.fromisoformat(day.name) < today
    except ValueError:
        return False
