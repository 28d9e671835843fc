"""A worker process, as its parent sees it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence

from .channel import VARIABLE, Channel, Request, Stage

logger = logging.getLogger("django_jobs")

LONGEST_START = 120.0
"""Seconds after which a process that has not finished starting is killed."""

SILENCE = 60.0
"""Seconds without a sign of life after which a process is killed."""

FAREWELL = 20.0
"""Seconds that a process may take to stop, in addition to the time for its running jobs."""

TELLING = 1.0
"""Seconds that a process gets to write its stacks before it is killed."""


class Child:
    """One worker process, in a session of its own: Ctrl-C in a terminal reaches it through us only.

    It says nothing to systemd, which listens to the parent only.

    Args:
        command: starts it.
        shutdown_timeout: seconds that it gives running jobs when it stops.

    Attributes:
        stage: how far it is, as it said last.
        serves_since: when it said so first, or None.
        is_outdated: whether it is to be replaced because its code may be old.
        is_leaving: whether another process has taken its place.
    """

    def __init__(self, command: Sequence[str], shutdown_timeout: float) -> None:
        ours, theirs = socket.socketpair()
        environment = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
        environment[VARIABLE] = str(theirs.fileno())
        self.channel = Channel(ours)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own command)
                command, start_new_session=True, env=environment, pass_fds=[theirs.fileno()]
            )
        self.pid = self._process.pid
        self.stage = Stage.STARTING
        self.serves_since: float | None = None
        self.is_outdated = False
        self.is_leaving = False
        self._time_to_stop = shutdown_timeout + FAREWELL
        self._deadline = time.monotonic() + LONGEST_START
        self._is_doomed = False

    @property
    def code(self) -> int | None:
        """The exit code, once the process has ended."""
        return self._process.poll()

    @property
    def wants_successor(self) -> bool:
        """Whether the process asks for a replacement."""
        return self.stage is Stage.WORN or (self.is_outdated and self.stage is Stage.SERVING)

    def listen(self) -> bool:
        """Read the channel; return whether there was a sign of life."""
        heard = self.channel.hear()
        if not heard or self.stage is Stage.STOPPING:
            return False
        self.stage = Stage(heard[-1:])
        now = time.monotonic()
        if self.stage is Stage.STOPPING:
            self._deadline = now + self._time_to_stop
        else:
            self.serves_since = self.serves_since or now
            self._deadline = now + SILENCE
        return True

    def ask(self, request: Request) -> None:
        """Send a request; a starting process obeys before it takes a job."""
        self.channel.say(request)

    def retire(self) -> None:
        """Tell the process to exit after its last job, because its replacement has started."""
        self.is_leaving = True
        self.ask(Request.RETIRE)

    def stop(self, number: int) -> None:
        """Stop the process with a signal."""
        if self.stage is not Stage.STOPPING:
            self.stage = Stage.STOPPING
            self._deadline = time.monotonic() + self._time_to_stop
        self._process.send_signal(number)

    def write_stacks(self) -> None:
        """Ask for the stacks of its threads, unless it is still starting."""
        if self.stage is not Stage.STARTING:  # the signal would still kill it
            self._process.send_signal(signal.SIGTTIN)

    def wait_longer(self, seconds: float) -> None:
        """Move the deadline for its next sign of life by so many seconds."""
        self._deadline += seconds

    def kill_if_it_hangs(self) -> None:
        """Kill a process that has been silent for too long, after it could write its stacks."""
        if time.monotonic() < self._deadline:
            return
        if self._is_doomed:
            self._process.kill()
            return
        logger.error(
            "Worker process %d hangs and is killed. Its stacks follow if it can write them.",
            self.pid,
        )
        self._is_doomed = True
        self._deadline = time.monotonic() + TELLING
        self.write_stacks()
