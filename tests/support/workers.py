"""Worker processes and in-process workers of the tests, and what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from django_jobs.worker.worker import Worker
from tests.support.paths import ROOT
from tests.support.processes import RunningProcess
from tests.support.waiting import wait_until
from tests.support.warm_python import python

RUNWORKER = ("django", "runworker")
TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a program whose standard input is its terminal, which sends it HUP when it closes."""


@dataclass
class Notes:
    """The lines that tasks wrote."""

    path: Path

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.lines)

    def put(self, name: str) -> None:
        """Create the file that tasks look for, next to the notes."""
        self.path.with_name(name).touch()

    def wait_for(self, line: str, times: int = 1) -> None:
        wait_until(lambda: self.counts[line] >= times, lambda: f"no {line!r} in {self.counts}")

    def wait_for_lines(self, number: int) -> None:
        wait_until(
            lambda: len(self.lines) >= number, lambda: f"not {number} lines but {self.counts}"
        )


class WorkerProcess(RunningProcess):
    """One `manage.py runworker`."""


@dataclass
class Site:
    """A site whose workers are processes.

    Attributes:
        options: the options of the Redis backend.
        terminal: descriptor of the terminal that workers belong to.
    """

    folder: Path
    options: dict[str, Any]
    variables: dict[str, str] = field(default_factory=dict)
    terminal: int | None = None
    started: list[WorkerProcess] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def notes(self) -> Notes:
        return Notes(self.folder / "notes")

    def start(self, *arguments: str, ready: bool = True, **variables: str) -> WorkerProcess:
        """Start a worker; return when it says what it serves."""
        worker = self._start("-m", *RUNWORKER, *arguments, **variables)
        if ready:
            worker.wait_for("Stop: Ctrl-C")
        return worker

    def run(self, program: str, *arguments: str, **variables: str) -> WorkerProcess:
        """Start a Python program with the settings of the workers."""
        return self._start("-c", program, *arguments, **variables)

    def _start(self, *arguments: str, **variables: str) -> WorkerProcess:
        log = self.folder / f"worker-{next(self.numbers)}.log"
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.apps.worker_site.settings",
            "WORKER_NOTES": str(self.notes.path),
            "WORKER_OPTIONS": json.dumps(self.options),
            **self.variables,
        }
        environment = {**os.environ, **environment, **variables}
        with log.open("w") as output:
            process = (
                self._in_terminal(arguments, environment, output)
                if self.terminal
                else python(arguments, ROOT, environment, output)
            )
        worker = WorkerProcess(process, log)
        self.started.append(worker)
        return worker

    def _in_terminal(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: TextIO
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, sys.executable, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=self.terminal,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def refused(self, *arguments: str, **variables: str) -> str:
        """Start a worker that can't work; return what it says."""
        worker = self.start(*arguments, ready=False, **variables)
        code = worker.end()
        assert code not in (0, 3), worker.said
        return worker.said

    def end(self) -> None:
        """End what still runs, with the child that an autoreloader has."""
        for worker in self.started:
            with suppress(ProcessLookupError):
                os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()


def is_waiting(worker: Worker) -> bool:
    """Whether the worker has nothing to do but to listen for jobs."""
    return worker._fetching.is_listening  # noqa: SLF001
