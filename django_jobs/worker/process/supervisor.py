"""The parent of several worker processes, which stops and replaces them."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import deque
from collections.abc import Sequence

from .channel import Request, Stage
from .child import Child
from .exit_code import ExitCode
from .restarts import RestartPauses
from .systemd import notify, watchdog_interval
from .unix_signals import HEARD, listening, log_meaningless

logger = logging.getLogger("django_jobs")

TRIES = 5
"""Failed starts in a row after which the parent gives up, if no process works."""

SOUND = 60.0
"""Seconds of work after which a process that dies is replaced without a pause."""

STOPPED_AT_START = (
    *(-signal.SIGTERM, -signal.SIGINT),
    128 + signal.SIGTERM,  # with the handler that the site's own thread pool has installed
)
"""The exit codes of a process that is stopped while it starts."""

LOOK = 1.0
"""Seconds between two checks of the children."""


class Parent:
    """Keeps a number of workers running.

    TERM and INT stop them all; so does HUP if it comes from a terminal that closes, otherwise it
    replaces them one by one. TSTP makes them quiet, and those that are started after it; TTIN lets
    them write their stacks; USR1 and USR2 change nothing.

    Args:
        command: starts one worker.
        count: how many.
        replace: whether a worker that ended well is replaced, too.
        shutdown_timeout: seconds that workers give running jobs when they stop.
    """

    def __init__(
        self, command: Sequence[str], count: int, *, replace: bool, shutdown_timeout: float
    ) -> None:
        self._command = command
        self._count = count
        self._replace = replace
        self._shutdown_timeout = shutdown_timeout
        self._children: list[Child] = []
        self._codes: list[int] = []
        self._heard: deque[int] = deque()
        self._has_terminal = _has_terminal()
        self._quiet = False
        self._stopping = False
        self._gave_up = False
        self._is_ready = False
        self._deaths = RestartPauses()
        self._failed_starts = 0
        self._looked_at = time.monotonic()

    def run(self) -> ExitCode:
        """Run until a signal stops the workers, or all of them have ended."""
        numbers = (*HEARD, signal.SIGTTIN, signal.SIGCHLD)
        with listening(numbers, self._heard.append) as wakeup:
            notify(f"STATUS=Starting {self._count} worker processes")
            while self._children or self._wanted:
                while self._heard:
                    self._obey(self._heard.popleft())
                self._look_after_children()
                self._start_missing()
                self._replace_one()
                self._tell_that_it_is_ready()
                wakeup.wait(LOOK, [child.channel for child in self._children])
        return self._exit_code()

    @property
    def _wanted(self) -> int:
        """The number of processes that should work."""
        return 0 if self._stopping else self._count - len(self._codes)

    @property
    def _active(self) -> list[Child]:
        """The processes that have not been replaced."""
        return [child for child in self._children if not child.is_leaving]

    # --- requests ---------------------------------------------------------------------------

    def _obey(self, number: int) -> None:
        match number:
            case signal.SIGTERM | signal.SIGINT:
                self._stop(number)
            case signal.SIGHUP:
                self._hang_up()
            case signal.SIGTSTP:
                self._quiet = True
                for child in self._children:
                    child.ask(Request.QUIET)
            case signal.SIGTTIN:
                for child in self._children:
                    child.write_stacks()
            case signal.SIGUSR1 | signal.SIGUSR2:
                log_meaningless(number)

    def _stop(self, number: int) -> None:
        self._stopping = True
        notify("STOPPING=1")
        for child in self._children:
            child.stop(number)

    def _hang_up(self) -> None:
        if self._has_terminal:
            self._stop(signal.SIGTERM)
            return
        logger.info("SIGHUP: %d worker processes are replaced one by one.", len(self._active))
        for child in self._active:
            child.is_outdated = True

    # --- children ---------------------------------------------------------------------------

    def _look_after_children(self) -> None:
        self._forgive_pause()
        for child in tuple(self._children):
            code = child.code  # before the channel is read, so that its last words are not missed
            if child.listen():
                self._failed_starts = 0
                if watchdog_interval():
                    notify("WATCHDOG=1")
            if code is None:
                child.kill_if_it_hangs()
            else:
                self._children.remove(child)
                child.channel.close()
                self._part_with(child, code)

    def _forgive_pause(self) -> None:
        """Extend the deadlines of children after a pause of the whole machine or container."""
        now = time.monotonic()
        pause = now - self._looked_at - LOOK
        self._looked_at = now
        if pause > LOOK:
            for child in self._children:
                child.wait_longer(pause)

    def _part_with(self, child: Child, code: int) -> None:
        """Decide whether an ended process needs a replacement."""
        ended_well = _is_good(code)
        stays_away = self._stopping or (ended_well and not self._replace and not child.is_leaving)
        if stays_away:
            self._codes.append(code)
        if not (stays_away or child.is_leaving or (ended_well and child.serves_since)):
            self._note_death(child, code)
        elif not ended_well:
            logger.warning("Worker process %d ended with code %d.", child.pid, code)

    def _note_death(self, child: Child, code: int) -> None:
        if child.serves_since and time.monotonic() - child.serves_since > SOUND:
            self._deaths.forget()
        else:
            self._deaths.failed()
        if not child.serves_since:
            self._failed_starts += 1
        logger.warning(
            "Worker process %d ended with code %d%s. Another one starts in %.1f s.",
            child.pid,
            code,
            "" if child.serves_since else " before it served any queue",
            self._deaths.left,
        )
        if self._failed_starts >= TRIES * self._count:
            logger.critical(
                "No worker process could start: %d in a row have ended before. What each of them"
                " wrote says why.",
                self._failed_starts,
            )
            self._gave_up = True
            self._stop(signal.SIGTERM)

    def _start_missing(self) -> None:
        while self._deaths.is_over and len(self._active) < self._wanted:
            self._start_one()

    def _start_one(self) -> None:
        try:
            child = Child(self._command, self._shutdown_timeout)
        except OSError as error:
            logger.error("Can't start a worker process at the moment: %s", error)
            self._deaths.failed()
            return
        self._children.append(child)
        if self._quiet:
            child.ask(Request.QUIET)

    def _replace_one(self) -> None:
        """Retire a process whose replacement works, or start the next replacement."""
        active = self._active
        waiting = [child for child in active if child.wants_successor]
        if not waiting or any(child.stage is Stage.STARTING for child in active):
            return
        if len(active) > self._wanted:
            old = waiting[0]
            logger.info("Worker process %d was replaced and exits after its last job.", old.pid)
            old.retire()
        elif self._deaths.is_over and len(self._children) < 2 * self._count:
            self._start_one()

    # --- status for systemd ------------------------------------------------------------------

    def _tell_that_it_is_ready(self) -> None:
        active = self._active
        serving = [child for child in active if child.serves_since]
        if not self._is_ready and len(serving) == len(active) == self._wanted:
            self._is_ready = True
            notify("READY=1", f"STATUS=Watching {self._count} worker processes")

    def _exit_code(self) -> ExitCode:
        if self._gave_up:
            return ExitCode.NEVER_STARTED
        if not all(map(_is_good, self._codes)):
            return ExitCode.FAILED
        return ExitCode.GAVE_BACK if ExitCode.GAVE_BACK in self._codes else ExitCode.DONE


def _is_good(code: int) -> bool:
    """Return whether a process ended as it should; a signal may end one that is still starting."""
    return code in (ExitCode.DONE, ExitCode.GAVE_BACK) or code in STOPPED_AT_START


def _has_terminal() -> bool:
    """Return whether the process belongs to a terminal, which sends HUP when it closes."""
    try:
        os.close(os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
