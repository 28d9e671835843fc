"""Several worker processes under one parent, which passes signals on and replaces the dead."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from types import FrameType

from .notify import notify, watchdog_interval
from .process import ExitCode

logger = logging.getLogger("django_jobs")

SOON = 5.0
"""Seconds: when a process dies younger than that, the next one starts only that much later."""

LOOK = 0.2
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGTSTP, signal.SIGTTIN)


class Child:
    """One worker process. Its session is its own, so that a terminal's Ctrl-C comes once, by us.

    It says nothing to systemd, which listens to the parent only.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.started = time.monotonic()
        environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        self.process = subprocess.Popen(  # noqa: S603 (our own)
            command, start_new_session=True, env=environment
        )

    @property
    def age(self) -> float:
        return time.monotonic() - self.started


class Processes:
    """Keeps a number of workers running.

    Args:
        command: starts one worker.
        count: how many.
        replace: whether a worker that ended well is replaced, too.
    """

    def __init__(self, command: Sequence[str], count: int, *, replace: bool) -> None:
        self._command = command
        self._count = count
        self._replace = replace
        self._children: list[Child] = []
        self._codes: list[int] = []
        self._stopping = False
        self._start_at = 0.0
        self._pause = threading.Event()

    def run(self) -> ExitCode:
        """Run until a signal ends the workers, or all have ended by themselves."""
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        notify("READY=1", f"STATUS=Watching {self._count} worker processes")
        while self._children or self._missing:
            self._children = [child for child in self._children if self._is_to_stay(child)]
            if time.monotonic() >= self._start_at:
                self._start_missing()
            self._feed_watchdog()
            self._pause.wait(LOOK)
        return self._exit_code()

    def _start_missing(self) -> None:
        for _ in range(self._missing):
            child = Child(self._command)
            self._children.append(child)
            if self._stopping:
                # The signal came before the child could be told.
                child.process.terminate()

    @property
    def _missing(self) -> int:
        """How many processes are to be started."""
        if self._stopping:
            return 0
        return self._count - len(self._children) - len(self._codes)

    def _feed_watchdog(self) -> None:
        if watchdog_interval():
            notify("WATCHDOG=1")

    def _exit_code(self) -> ExitCode:
        if not all(map(_is_good, self._codes)):
            return ExitCode.FAILED
        return ExitCode.GAVE_BACK if ExitCode.GAVE_BACK in self._codes else ExitCode.DONE

    def _is_to_stay(self, child: Child) -> bool:
        code = child.process.poll()
        if code is None:
            return True
        is_over = self._stopping or (_is_good(code) and not self._replace)
        if not (is_over and _is_good(code)):
            logger.warning("Worker process %d ended with code %d.", child.process.pid, code)
        if is_over:
            self._codes.append(code)
            return False
        if child.age < SOON:
            self._start_at = time.monotonic() + SOON
        return False

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stopping = True
            notify("STOPPING=1")
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(number)


def _is_good(code: int) -> bool:
    """Tell whether a process ended as it should: a signal ends one that has not begun to work."""
    return code in (ExitCode.DONE, ExitCode.GAVE_BACK, -signal.SIGTERM, -signal.SIGINT)
