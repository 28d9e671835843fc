"""A worker process, as its parent sees it."""

from __future__ import annotations

import logging
import os
import signal
import time

from .channel import Report, Request, Stage
from .exit_code import ExitCode
from .launcher import Launcher

logger = logging.getLogger("django_jobs")

LONGEST_START = 120.0
"""Seconds after which a process that has not finished starting is killed."""

SILENCE = 60.0
"""Seconds without a sign of life after which a process is killed."""

STOPPING = 20.0
"""Seconds that a process may take to stop, in addition to the time for its running jobs."""

WRITING_STACKS = 1.0
"""Seconds that a process gets to write its stacks before it is killed."""

UNREPORTED = 5.0
"""Seconds after which a template that has not said how a killed process ended is killed, too."""


class Child:
    """One worker process.

    Args:
        launcher: starts it.
        shutdown_timeout: seconds that it gives running jobs when it stops.

    Attributes:
        stage: how far it is, as it said last.
        running: how many jobs it runs, as it said last.
        hindrance: why it does not take all jobs, as it said last; "" if it does.
        serves_since: when it said so first, or None.
        is_leaving: whether another process has taken its place.

    Raises:
        OSError: it cannot be started at the moment.
    """

    def __init__(self, launcher: Launcher, shutdown_timeout: float) -> None:
        self.launcher = launcher
        self.pid, self.channel = launcher.launch()
        self.stage = Stage.STARTING
        self.running = 0
        self.hindrance = ""
        self.serves_since: float | None = None
        self.is_leaving = False
        self._time_to_stop = shutdown_timeout + STOPPING
        self._deadline = time.monotonic() + LONGEST_START
        self._is_doomed = False

    @property
    def code(self) -> int | None:
        """The exit code, once the process has ended.

        If its template has ended before it, nobody knows the code: it has failed unless it has said
        that it stops.
        """
        code = self.launcher.code_of(self.pid)
        if code is None and self.launcher.is_gone and not self.channel.is_open:
            return ExitCode.DONE if self.stage is Stage.STOPPING else ExitCode.FAILED
        return code

    @property
    def is_in_time(self) -> bool:
        """Whether it has given signs of life when it should."""
        return time.monotonic() < self._deadline and not self._is_doomed

    def listen(self) -> bool:
        """Read the channel; return whether there was a sign of life."""
        report = Report.last_in(self.channel.hear())
        if self.launcher.is_gone:
            self._send(0)  # nobody else says that it has ended
        if not self.channel.is_open:  # it ends, or has ended and its template must say so
            self._deadline = min(self._deadline, time.monotonic() + self._time_to_stop)
        if not report or self.stage is Stage.STOPPING:
            return False
        self.stage, self.running, self.hindrance = report
        if self.stage is Stage.STOPPING:
            self._give(self._time_to_stop)
        else:
            self.serves_since = self.serves_since or time.monotonic()
            self.launcher.has_served = True
            self._give(SILENCE)
        return True

    def _give(self, seconds: float) -> None:
        """Expect the next sign of life, or the end, within so many seconds.

        Too late for a process that has been silent for too long: the log has said that it is
        killed.
        """
        if not self._is_doomed:
            self._deadline = time.monotonic() + seconds

    def ask(self, request: Request) -> None:
        """Send a request; a starting process obeys before it takes a job."""
        self.channel.say(request.value)

    def retire(self) -> None:
        """Let the process exit after its last job, as its replacement works."""
        self.is_leaving = True
        self.ask(Request.RETIRE)

    def stop(self, number: int) -> None:
        """Stop the process with a signal."""
        if self.stage is not Stage.STOPPING:
            self.stage = Stage.STOPPING
            self._give(self._time_to_stop)
        self._send(number)

    def write_stacks(self) -> None:
        """Ask for the stacks of its threads, unless it is still starting."""
        if self.stage is not Stage.STARTING:  # the signal would still kill it
            self._send(signal.SIGTTIN)

    def wait_longer(self, seconds: float) -> None:
        """Move the deadline for its next sign of life by so many seconds."""
        self._deadline += seconds

    def kill_if_it_hangs(self) -> None:
        """Kill a process that has been silent for too long, after it could write its stacks."""
        if time.monotonic() < self._deadline:
            return
        if self._is_doomed:
            self._send(signal.SIGKILL)
            if time.monotonic() > self._deadline + UNREPORTED:
                self.launcher.kill()
            return
        logger.error(
            "Worker process %d hangs and is killed. Its stacks follow if it can write them.",
            self.pid,
        )
        self._is_doomed = True
        self._deadline = time.monotonic() + WRITING_STACKS
        self.write_stacks()

    def _send(self, number: int) -> None:
        """Send a signal, or with 0 only look whether the process is there."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:  # it has ended, and its template has not said so, or never will
            self.channel.close()  # whose other end a process that it has forked may still hold
