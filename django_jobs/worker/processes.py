"""Several worker processes under one parent, which passes signals on and replaces the dead."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from types import FrameType

from .process import ExitCode

logger = logging.getLogger("django_jobs")

SOON = 5.0
"""Seconds: who dies younger than that is replaced after a pause."""

LOOK = 0.2
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGTSTP, signal.SIGTTIN)


class Child:
    """One worker process. Its session is its own, so that a terminal's Ctrl-C comes once, by us."""

    def __init__(self, command: Sequence[str]) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 (our own)

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
        self._pause = threading.Event()

    def run(self) -> ExitCode:
        """Run until a signal ends the workers, or all have ended by themselves."""
        for number in SIGNALS:
            signal.signal(number, self._pass_on)
        self._children = [Child(self._command) for _ in range(self._count)]
        while self._children:
            self._children = [child for child in self._children if self._is_to_stay(child)]
            missing = 0 if self._stopping else self._count - len(self._children) - len(self._codes)
            self._children += [Child(self._command) for _ in range(missing)]
            self._pause.wait(LOOK)
        bad = [code for code in self._codes if code not in (ExitCode.DONE, ExitCode.GAVE_BACK)]
        if bad:
            return ExitCode.FAILED
        return ExitCode.GAVE_BACK if ExitCode.GAVE_BACK in self._codes else ExitCode.DONE

    def _is_to_stay(self, child: Child) -> bool:
        code = child.process.poll()
        if code is None:
            return True
        ended_well = code in (ExitCode.DONE, ExitCode.GAVE_BACK)
        if self._stopping or (ended_well and not self._replace):
            self._codes.append(code)
            return False
        logger.warning("Worker process %d ended with code %d.", child.process.pid, code)
        if child.age < SOON:
            self._pause.wait(SOON - child.age)
        return False

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._stopping |= number in (signal.SIGTERM, signal.SIGINT)
        for child in self._children:
            if child.process.poll() is None:
                child.process.send_signal(number)
