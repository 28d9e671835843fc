"""Programs that start sooner, because they are forks of a process that has imported Django.

They are processes like any other, with a session, an environment, standard streams and an exit
code of their own; only what they import first is there already.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

from tests.support import warm_template
from tests.support.paths import ROOT
from tests.support.warm_template import ENDED, MESSAGE, STARTED, Request

FRESH = ("COVERAGE", "LD_", "PYTHON", "TZ")
"""How variables begin that only a new interpreter reads."""

END_DEADLINE = 150.0
"""Seconds within which a program must end: less than the time limit of a test."""


class Forked:
    """A program that was started, with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, told: int) -> None:
        self._told = told
        self._reading = threading.Lock()
        self.pid = self._read(STARTED)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._code_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code as soon as it has ended."""
        code = self._code_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _code_within(self, timeout: float | None) -> int | None:
        with self._reading:
            if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
                self.returncode = self._read(ENDED)
                os.close(self._told)  # now its number may become that of another process
        return self.returncode

    def _read(self, expected: int) -> int:
        kind, number = MESSAGE.unpack(os.read(self._told, MESSAGE.size))
        assert kind == expected, f"it ended before it began, with {number}"
        return int(number)


class _Template:
    """This side of the process that is forked."""

    def __init__(self) -> None:
        self._environment = dict(os.environ)
        self._control, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, "-m", warm_template.__name__, str(number)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
                start_new_session=True,
            )
        atexit.register(self._end)

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether a new interpreter with an environment would be what a fork is."""
        names = {name for name in {*environment, *self._environment} if name.startswith(FRESH)}
        names.discard("PYTHONPATH")
        return all(environment.get(name) == self._environment.get(name) for name in names)

    def start(self, request: Request, *outputs: int) -> Forked:
        reading, writing = os.pipe()
        try:
            message = json.dumps(request).encode()
            socket.send_fds(self._control, [message], [*outputs, writing])
        finally:
            os.close(writing)
        return Forked(reading)

    def _end(self) -> None:
        self._control.close()
        self._process.wait()


def python(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    output: TextIO,
    errors: TextIO | None = None,
) -> Forked | subprocess.Popen[bytes]:
    """Start Python in a session of its own; it writes to files and reads nothing.

    Args:
        arguments: as on a command line. A module (`-m`), a program (`-c`) or a file starts as a
            fork, unless the environment has something that only a new interpreter reads.
        errors: where it writes errors; by default to `output`.
    """
    errors = errors or output
    template = _template()
    has_no_options = arguments[0] in {"-m", "-c"} or not arguments[0].startswith("-")
    if has_no_options and template.fits(environment):
        request = Request(arguments, str(cwd), dict(environment))
        return template.start(request, output.fileno(), errors.fileno())
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
    )


def run(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run Python to its end; return its exit code and what it wrote.

    A program that does not end is killed, and has that exit code.
    """
    with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        started = python(arguments, cwd, environment, output, errors)
        try:
            with suppress(subprocess.TimeoutExpired):
                started.wait(END_DEADLINE)
        finally:
            started.kill()
        code = started.wait()
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, code, output.read(), errors.read())


_lock = threading.Lock()
_templates: list[_Template] = []


def _template() -> _Template:
    with _lock:  # tests start programs in several threads
        if not _templates:
            _templates.append(_Template())
        return _templates[0]
