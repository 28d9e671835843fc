"""Programs that enqueue, run by the tests as processes of their own."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.waiting import DEADLINE, wait_until

BIN = Path(sys.executable).parent


class Program:
    """A process that serves the site of `served`, or runs one of its commands.

    Args:
        command: what to run; `{port}` stands for a port that is free, `{directory}` for a place
            for files.
        directory: where the effects of its jobs and its log are.
        variables: more environment variables.
    """

    def __init__(self, command: list[str], directory: Path, **variables: str) -> None:
        directory.mkdir(exist_ok=True)
        self.directory = directory
        self._touched = directory / "touched.py"
        self._touched.write_text("")
        self._seconds = itertools.count(10)
        self.port = free_port()
        self._effects = directory / "effects"
        self._log = directory / "log"
        filled = [part.format(port=self.port, directory=directory) for part in command]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(BIN / filled[0]), *filled[1:]],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self._environment() | variables,
            )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.apps.served.settings",
            "SERVED_DIRECTORY": str(self.directory),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def effects(self) -> list[int]:
        """The numbers of the jobs that have left their effect."""
        if not self._effects.exists():
            return []
        return sorted(int(line) for line in self._effects.read_text().splitlines())

    def reload(self) -> None:
        """Change a module of the site, so that the autoreloader restarts it."""
        wait_until(self._touch_and_reload, "a reload")

    def _touch_and_reload(self) -> bool:
        """Touch it: again each time, as the reloader misses what was before its first look."""
        if "reloading" in self.log:
            return True
        second = int(time.time()) + next(self._seconds)
        os.utime(self._touched, (second, second))
        return False

    def enqueue(self, count: int, seconds: float, first: int = 0) -> list[str]:
        """Make the site enqueue jobs as soon as it serves, and return their ids.

        Args:
            count: how many.
            seconds: that each of them takes.
            first: number of the first one.
        """
        url = f"http://127.0.0.1:{self.port}/?count={count}&seconds={seconds}&first={first}"
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
                    return str(answer.read().decode()).split()
            except OSError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.05)

    def wait(self) -> int:
        """Return the exit code; a process that hangs fails the test."""
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"The process hangs.\n{self.log}") from None

    def kill(self) -> None:
        """End the process with all its children, whatever state they are in."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
