"""Run several commands until one of them ends, and show their output line by line."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Never

from django_jobs.waits import capped, wait_out

STOP_DEADLINE = 30.0
"""Seconds after which commands that were stopped are killed."""

LAST_LINES = 1.0
"""Seconds for the last lines of one; something that it has started may keep its pipe open."""

LOOK = 0.1
"""Seconds between two looks at the commands."""


class Part:
    """One of the commands, with the processes that it starts.

    It has a session of its own, so that Ctrl-C in a terminal reaches only us. The terminal would
    also interrupt the processes that the command has started, before the command can stop them.

    Args:
        name: of the command.
        command: to start.
        show: called with each line of its output.
    """

    def __init__(self, name: str, command: Sequence[str], show: Callable[[str], None]) -> None:
        self.name = name
        self._show = show
        ends_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        self._process = subprocess.Popen(  # noqa: S603 (our own command)
            [*ends_with_us, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)
        self._reader.start()

    @property
    def code(self) -> int | None:
        """The exit code, once the command has ended."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command and to what it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def await_end(self, seconds: float) -> None:
        """Wait for the end, and for the last lines, at most so many seconds."""
        wait_out(self._has_ended, seconds)
        self._reader.join(LAST_LINES)

    def _has_ended(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(capped(seconds))
        return self.code is not None

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._show(line)


def run_side_by_side(
    commands: Mapping[str, Sequence[str]], show: Callable[[str, str], None]
) -> tuple[str, int] | None:
    """Run commands until Ctrl-C or TERM, or until one of them ends; then stop the others.

    A second Ctrl-C kills them.

    Args:
        commands: by their names.
        show: called in any thread with the name of a command and a line of its output.

    Returns:
        The name of the command that ended and its exit code, or None after Ctrl-C.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    parts: list[Part] = []
    try:
        for name, command in commands.items():
            parts.append(Part(name, command, partial(show, name)))
        return _first_to_end(parts)
    except KeyboardInterrupt:
        return None
    finally:
        _stop(parts)


def _first_to_end(parts: Sequence[Part]) -> tuple[str, int]:
    while True:
        for part in parts:
            if part.code is not None:
                return part.name, part.code
        time.sleep(LOOK)


def _stop(parts: Sequence[Part]) -> None:
    deadline = time.monotonic() + STOP_DEADLINE
    for part in parts:
        part.signal(signal.SIGTERM)
    with suppress(KeyboardInterrupt):
        for part in parts:
            part.await_end(deadline - time.monotonic())
    for part in parts:  # also what a command that has ended may have left
        part.signal(signal.SIGKILL)


def _interrupt(number: int, frame: FrameType | None) -> Never:
    raise KeyboardInterrupt
