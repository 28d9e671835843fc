"""The files of emails, in the storage that the site has chosen."""

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
"""Contains `<expiry date>/<random hex>/<number>`, and never the users' file names."""

TRIES = 100
"""How often to try to store a file while other processes remove its empty folder."""


@dataclass(frozen=True, slots=True)
class MailFiles:
    """The files of emails in one of the site's storages.

    Attributes:
        alias: the alias of the storage in `STORAGES`.
    """

    alias: str

    @property
    def storage(self) -> Storage:
        """The storage.

        Raises:
            ImproperlyConfigured: it is not in `STORAGES`, or cannot be created.
        """
        try:
            return storages[self.alias]
        except InvalidStorageError as error:
            raise ImproperlyConfigured(
                f"{SETTING} names the storage {self.alias!r}, which cannot be used: {error}"
            ) from error

    def check(self) -> None:
        """Check that the storage has a location.

        Raises:
            ImproperlyConfigured: it has none. The message names the setting to change.
        """
        storage = self.storage
        if isinstance(storage, FileSystemStorage) and not storage.base_location:
            raise ImproperlyConfigured(
                f"The storage {self.alias!r} has no location and MEDIA_ROOT is not set, so large"
                " attachments would be stored in the working directory. Set MEDIA_ROOT, or set"
                f" {SETTING} to a storage in STORAGES that web processes and workers share."
            )

    def save(self, name: PurePosixPath, raw: bytes) -> str:
        """Store a file, and return the name that the storage chose."""
        for _ in range(TRIES - 1):
            with suppress(FileNotFoundError, FileExistsError):
                return self._saved(name, raw)
        return self._saved(name, raw)

    def read(self, name: PurePosixPath) -> bytes:
        """Return the contents of a file. Raises FileNotFoundError if it does not exist."""
        with self.storage.open(str(name)) as file:
            return bytes(file.read())

    def delete(self, name: PurePosixPath) -> None:
        """Remove a file. Errors are logged, not raised."""
        try:
            self.storage.delete(str(name))
        except Exception:
            logger.warning("Could not remove %s from storage %r.", name, self.alias, exc_info=True)

    def clean(self, today: date) -> int:
        """Remove expired files, and return their number."""
        removed = 0
        for day in self._folders(FOLDER):
            if _is_over(day, today):
                removed += sum(map(self._clear, self._folders(day)))
                self.prune(day)
        return removed

    def prune(self, folder: PurePosixPath) -> None:
        """Remove a folder and its parents, as far as they are empty."""
        for each in (folder, *folder.parents):
            if each == PurePosixPath() or not self._is_empty(each):
                return
            # Another process may have stored a file in it in the meantime.
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
    """Return the files of new emails."""
    return MailFiles(getattr(settings, SETTING, DEFAULT))


def checked(text: str) -> PurePosixPath:
    """Return the name of a file in our folder, so that a forged job cannot reach other files.

    Raises:
        BrokenPayload: the file is not in our folder.
    """
    name = PurePosixPath(text)
    if FOLDER not in name.parents or ".." in name.parts:
        raise BrokenPayload(f"{text[:200]!r} is not a file of an email stored by django_jobs.")
    return name


def _is_over(day: PurePosixPath, today: date) -> bool:
    try:
        return date.fromisoformat(day.name) < today
    except ValueError:
        return False
