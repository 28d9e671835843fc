"""The site's processes: its web server, its worker, and commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.support import waiting
from tests.support.paths import APPS, ROOT
from tests.support.ports import HOST, free_port
from tests.support.redis_server import RedisServer

SITE = APPS / "wagtail_site"
DEADLINE = 300.0
"""Seconds after which whatever is waited for has failed to come."""

wait_until = partial(waiting.wait_until, deadline=DEADLINE)

NAME, PASSWORD = "editor", "a password"

PREPARE = f"""
import gc
gc.disable()  # which takes a third of the time of the migrations
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
call_command("check", fail_level="WARNING")
call_command("migrate", verbosity=0)
User.objects.create_superuser({NAME!r}, "editor@example.com", {PASSWORD!r})
"""

ONE_BY_ONE = {"JOB_CONCURRENCY": "1"}
"""Wagtail enqueues several jobs that index the same new page. If they ran at the same time, all of
them might try to insert it, and these tests would wait half a minute for the retry."""


@dataclass(frozen=True)
class Site:
    """A site with a directory of its own for the database and files.

    Attributes:
        variables: of the environment, on top of the tests' own.
    """

    directory: Path
    variables: dict[str, str]
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": f"{SITE}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "website.settings",
            "SITE_DIRECTORY": str(self.directory),
            **self.variables,
        }

    def run(self, program: str) -> None:
        """Run a program with the site's settings to its end."""
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def process(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command of Django until the end of the block; it must end well."""
        log = self.directory / f"{command[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "django", *command],
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(DEADLINE)
            print(f"--- {log.name}\n{log.read_text()}")

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON of an address."""
        response = requests.get(f"{self.url}{path}", params=query, timeout=DEADLINE)
        response.raise_for_status()
        return response.json()

    def search(self, text: str) -> list[str]:
        """Return the titles that a visitor finds."""
        titles: list[str] = self.get("/search/", q=text)["titles"]
        return titles

    def is_done(self) -> bool:
        """Tell whether no job is left to do. None may fail."""
        jobs = self.get("/jobs/")
        assert not jobs["dead"] + jobs["discarded"] + jobs["retrying"], jobs
        return not jobs["queued"] + jobs["running"]


def prepared(directory: Path) -> Path:
    """Return a directory with the site's database, in which there is an editor and one page."""
    Site(directory, {}, 0).run(PREPARE)
    return directory


@contextmanager
def served(prepared: Path, directory: Path, backend: str) -> Iterator[Site]:
    """Serve a copy of a site, whose jobs run in its process, or in a worker with Redis."""
    shutil.copytree(prepared, directory, dirs_exist_ok=True)
    with ExitStack() as stack:
        variables = ONE_BY_ONE
        if backend == "redis":
            server = RedisServer()
            server.start()
            stack.callback(server.stop)
            variables = {**ONE_BY_ONE, "JOB_BACKEND": "redis", "REDIS_URL": server.url}
        site = Site(directory, variables, free_port())
        if backend == "redis":
            stack.enter_context(site.process("runworker"))
        web = stack.enter_context(
            site.process("runserver", "--noreload", "--skip-checks", f"{HOST}:{site.port}")
        )
        wait_until(lambda: _answers(site, web), "an answer of the site")
        yield site


def _answers(site: Site, web: subprocess.Popen[bytes]) -> bool:
    assert web.poll() is None, "the web server has ended"
    try:
        return bool(site.get("/jobs/"))
    except requests.ConnectionError:
        return False
