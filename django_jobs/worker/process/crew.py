"""The worker processes of a parent: started, looked after, replaced and stopped."""

from __future__ import annotations

import logging
import signal
import time
from dataclasses import dataclass

from .channel import Channel, Request, Stage
from .child import Child
from .exit_code import ExitCode
from .releases import Releases
from .restarts import RestartPauses

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewOptions:
    """How many processes there are, and how they end.

    Attributes:
        count: how many work at a time.
        replace: whether one that ended well is replaced, too.
        shutdown_timeout: seconds that they give running jobs when they stop.
    """

    count: int
    replace: bool
    shutdown_timeout: float


class Crew:
    """Keeps a number of worker processes running.

    Args:
        releases: starts them, with the newest code that works.

    Attributes:
        children: the processes that have not ended.
        is_stopping: whether they are all to end.
    """

    def __init__(self, releases: Releases, options: CrewOptions) -> None:
        self.children: list[Child] = []
        self._releases = releases
        self._options = options
        self._codes: list[int] = []
        self._is_quiet = False
        self.is_stopping = False
        self._gave_up = False
        self._deaths = RestartPauses()
        self._failed_starts = 0
        self._looked_at = time.monotonic()

    @property
    def wanted(self) -> int:
        """The number of processes that should work."""
        return 0 if self.is_stopping else self._options.count - len(self._codes)

    @property
    def channels(self) -> list[Channel]:
        """What the processes are heard through."""
        return [child.channel for child in self.children]

    @property
    def active(self) -> list[Child]:
        """The processes that have not been replaced."""
        return [child for child in self.children if not child.is_leaving]

    @property
    def outdated(self) -> list[Child]:
        """Those of them that run older code than a new one would."""
        return [child for child in self.active if child.launcher is not self._releases.current]

    @property
    def all_serve(self) -> bool:
        """Whether as many processes serve as should."""
        active = self.active
        return len(active) == self.wanted and all(child.serves_since for child in active)

    @property
    def exit_code(self) -> ExitCode:
        """What the exit codes of the processes amount to."""
        if self._gave_up:
            return ExitCode.NEVER_STARTED
        if not all(map(_is_good, self._codes)):
            return ExitCode.FAILED
        return ExitCode.GAVE_BACK if ExitCode.GAVE_BACK in self._codes else ExitCode.DONE

    # --- requests ---------------------------------------------------------------------------

    def quiet(self) -> None:
        """Let no process take jobs, those included that are started from now on."""
        self._is_quiet = True
        for child in self.children:
            child.ask(Request.QUIET)

    def stop(self, number: int) -> None:
        """Stop all processes with a signal, and start no more."""
        self.is_stopping = True
        for child in self.children:
            child.stop(number)

    def write_stacks(self) -> None:
        for child in self.children:
            child.write_stacks()

    # --- care -------------------------------------------------------------------------------

    def look_after(self) -> None:
        """Hear the processes, kill what hangs, start what is missing, and replace one."""
        self._forgive_pause()
        for child in tuple(self.children):
            code = child.code  # before the channel is read, so that its last words are not missed
            if child.listen():
                self._failed_starts = 0
            if code is None:
                child.kill_if_it_hangs()
            else:
                self.children.remove(child)
                child.channel.close()
                self._part_with(child, code)
        if self._releases.current.is_loaded:
            self._start_missing()
            self._replace_one()
        elif self._releases.have_failed(TRIES) and not self.children:
            self._give_up(
                "The site could not be loaded, or its template process died: %d tries have failed.",
                TRIES,
            )
        elif not self.is_stopping:
            self._releases.mend()

    def _forgive_pause(self) -> None:
        """Extend the deadlines of children after a pause of the whole machine or container."""
        now = time.monotonic()
        pause = now - self._looked_at - LOOK
        self._looked_at = now
        if pause > LOOK:
            for child in self.children:
                child.wait_longer(pause)

    def _part_with(self, child: Child, code: int) -> None:
        """Decide whether an ended process needs a replacement."""
        ended_well = _is_good(code)
        stays_away = self.is_stopping or (
            ended_well and not self._options.replace and not child.is_leaving
        )
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
            child.launcher.failed_starts += 1
        logger.warning(
            "Worker process %d ended with code %d%s. Another one starts in %.1f s.",
            child.pid,
            code,
            "" if child.serves_since else " before it served any queue",
            self._deaths.left,
        )
        if child.launcher.failed_starts == TRIES and self._releases.go_back():
            logger.error(
                "No worker process could start with the new code: %d have ended before. What each"
                " of them wrote says why. The worker processes go on with the old code.",
                TRIES,
            )
        elif self._failed_starts >= TRIES * self._options.count:
            self._give_up(
                "No worker process could start: %d in a row have ended before. What each of them"
                " wrote says why.",
                self._failed_starts,
            )

    def _give_up(self, reason: str, tries: int) -> None:
        logger.critical(reason, tries)
        self._gave_up = True
        self.stop(signal.SIGTERM)

    def _start_missing(self) -> None:
        while self._deaths.is_over and len(self.active) < self.wanted:
            self._start_one()

    def _start_one(self) -> None:
        try:
            child = Child(self._releases.current, self._options.shutdown_timeout)
        except OSError as error:
            logger.error("Can't start a worker process at the moment: %s", error)
            self._deaths.failed()
            return
        self.children.append(child)
        if self._is_quiet:
            child.ask(Request.QUIET)

    def _replace_one(self) -> None:
        """Retire a process whose replacement works, or start the next replacement."""
        active, outdated = self.active, self.outdated
        waiting = [
            child
            for child in active
            if child.stage is Stage.WORN or (child in outdated and child.stage is Stage.SERVING)
        ]
        if not waiting or any(child.stage is Stage.STARTING for child in active):
            return
        if len(active) > self.wanted:
            old = waiting[0]
            logger.info("Worker process %d was replaced and exits after its last job.", old.pid)
            old.retire()
        elif self._deaths.is_over and len(self.children) < 2 * self._options.count:
            self._start_one()


def _is_good(code: int) -> bool:
    """Return whether a process ended as it should; a signal may end one that is still starting."""
    return code in (ExitCode.DONE, ExitCode.GAVE_BACK) or code in STOPPED_AT_START
