"""What can be known about the project that a command runs in."""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import get_commands
from django.core.management.base import CommandError

MANAGE = "manage.py"
COMMON_PACKAGES = frozenset({"app", "conf", "config", "core", "project", "settings", "site", "src"})
"""Names of settings packages that say nothing about a project."""

HOMES = ("/home", "/root", "/run/user")
"""Folders that systemd hides with `ProtectHome`."""

ROOT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A Django project, where it is now.

    Attributes:
        name: for units, services and containers; letters a-z, digits and hyphens.
        directory: where its commands run.
        interpreter: path of the Python that has its packages.
        manage: arguments of the interpreter that start a command: `manage.py`, or `-m django`.
        settings_module: dotted path of its settings.
        user: whose processes run it.
        has_user: whether this machine has that user.
        writable: files and folders that the site writes, as its settings name them.
        media: whether it keeps uploaded files in a folder.
        collects_static: whether it collects its static files in a folder.
        postgres: whether a database is PostgreSQL.
    """

    name: str
    directory: Path
    interpreter: Path
    manage: tuple[str, ...]
    settings_module: str
    user: str
    has_user: bool
    writable: tuple[Path, ...]
    media: bool
    collects_static: bool
    postgres: bool

    @property
    def is_in_a_home(self) -> bool:
        """Whether the project or its Python is in somebody's home directory."""
        places = (self.directory, self.interpreter, self.interpreter.resolve())
        return any(place.is_relative_to(home) for place in places for home in HOMES)

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return the words that run a command of Django on this machine."""
        return (str(self.interpreter), *self.manage, *arguments)

    def container_command(self, *arguments: str) -> tuple[str, ...]:
        """Return the words that run a command of Django in a container of the project."""
        return ("python", *self.manage, *arguments)


def this_project(name: str | None = None, user: str | None = None) -> Project:
    """Return the project of this process.

    Args:
        name: instead of that of its package or folder.
        user: instead of the owner of its folder.

    Raises:
        CommandError: a path of it cannot stand in a configuration file.
    """
    directory = _directory()
    manage = (MANAGE,) if (directory / MANAGE).is_file() else ("-m", "django")
    chosen = slug(name or _package_name() or directory.name)
    owner = user or _owner(directory) or chosen
    project = Project(
        name=chosen,
        directory=directory,
        # Not resolved: the link in a virtual environment is what selects its packages.
        interpreter=Path(os.path.abspath(sys.executable)),
        manage=manage,
        settings_module=os.environ["DJANGO_SETTINGS_MODULE"],
        user=owner,
        has_user=_exists(owner),
        writable=tuple(sorted(set(_written()))),
        media=bool(settings.MEDIA_ROOT),
        collects_static=bool(settings.STATIC_ROOT),
        postgres=any("postg" in engine for engine in _engines()),
    )
    check_texts(map(str, (directory, project.interpreter, owner, *project.writable)))
    return project


def check_texts(texts: Iterable[str]) -> None:
    """Check that texts can be quoted in every kind of file.

    Raises:
        CommandError: one has a line break or another control character.
    """
    for text in texts:
        if not text.isprintable():
            raise CommandError(
                f"{text!r} has a control character, which configuration files cannot hold."
                " Rename it."
            )


def slug(text: str) -> str:
    """Return a text as a name of a service: letters a-z, digits and hyphens, a letter first."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (name if name[:1].isalpha() else f"site-{name}")[:40].strip("-")


def worker_arguments() -> tuple[str, ...]:
    """Return the command that starts a worker, also if another app has its own `runworker`."""
    return ("runworker",) if get_commands().get("runworker") == "django_jobs" else ("jobs", "work")


def _directory() -> Path:
    """Return the folder of the `manage.py` that was started, or the working directory."""
    started = Path(sys.argv[0])
    return started.resolve().parent if started.name == MANAGE else Path.cwd()


def _package_name() -> str | None:
    """Return the name of the package with the settings, if it says anything."""
    package, _, module = os.environ["DJANGO_SETTINGS_MODULE"].partition(".")
    return package if module and package not in COMMON_PACKAGES else None


def _owner(directory: Path) -> str | None:
    """Return the user to whom the project belongs, unless it is root."""
    number = directory.stat().st_uid
    try:
        return None if number == ROOT else pwd.getpwuid(number).pw_name
    except KeyError:
        return None


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _engines() -> Iterator[str]:
    for database in settings.DATABASES.values():
        yield str(database.get("ENGINE", ""))


def _written() -> Iterator[Path]:
    """Yield the places that the settings name for uploads, SQLite, caches and logs."""
    if settings.MEDIA_ROOT:
        yield Path(settings.MEDIA_ROOT).absolute()
    for database in settings.DATABASES.values():
        name = str(database.get("NAME") or "")
        if str(database.get("ENGINE", "")).endswith(("sqlite3", "spatialite")) and ":" not in name:
            yield Path(name).absolute().parent  # SQLite has further files next to its database
    for cache in settings.CACHES.values():
        if str(cache["BACKEND"]).endswith("FileBasedCache"):
            yield Path(cache["LOCATION"]).absolute()
    for handler in (settings.LOGGING or {}).get("handlers", {}).values():
        if isinstance(handler, dict) and "filename" in handler:
            yield Path(handler["filename"]).absolute().parent
