"""A real PostgreSQL server that belongs to the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.support.waiting import wait_until

DEBIAN = Path("/usr/lib/postgresql")
SETTINGS = {"listen_addresses": "", "fsync": "off", "synchronous_commit": "off"}


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs, or its mere name where it is missing."""
    kept = sorted(DEBIAN.glob(f"*/bin/{name}"))  # Debian keeps them out of PATH
    return shutil.which(name) or str([Path(name), *kept][-1])


def is_installed() -> bool:
    """Whether the server's programs are on this machine."""
    return all(shutil.which(program(name)) for name in ("initdb", "postgres"))


class PostgresServer:
    """One server of our own, with an empty database, on a unix socket in its directory."""

    def __init__(self) -> None:
        # Not pytest's tmp_path: the path of a unix socket must stay under 108 bytes.
        self.directory = Path(tempfile.mkdtemp(prefix="pg-"))
        self._process: subprocess.Popen[Any] | None = None

    @property
    def database(self) -> dict[str, Any]:
        """What DATABASES needs to reach it."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "test",
            "HOST": str(self.directory),
        }

    def start(self) -> None:
        """Start the server; return when it answers."""
        data = str(self.directory / "data")
        who = _not_root(self.directory)
        subprocess.run(
            [program("initdb"), "-D", data, "-U", "test", "-A", "trust", "--no-sync", "-E", "UTF8"],
            **who,
            check=True,
            capture_output=True,
        )
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [program("postgres"), "-D", data, "-k", str(self.directory), *options],
            **who,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, "PostgreSQL did not start")

    def stop(self) -> None:
        """End the server for good; its data goes too."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        command = [program("pg_isready"), "-q", "-h", str(self.directory)]
        return subprocess.run(command, check=False).returncode == 0


def _not_root(directory: Path) -> dict[str, Any]:
    """Return who runs the server: it refuses to be root, so then it is its own user."""
    if os.geteuid() != 0:
        return {"cwd": "/"}
    user = pwd.getpwnam("postgres")
    os.chown(directory, user.pw_uid, user.pw_gid)
    return {"cwd": "/", "user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
