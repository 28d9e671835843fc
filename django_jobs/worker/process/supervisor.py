"""The parent of several worker processes: its signals, and what it tells systemd."""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from collections.abc import Callable

from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.worker.probe.server import ProbeServer

from .crew import LOOK, Crew, CrewOptions
from .crew_answers import CrewAnswers
from .exit_code import ExitCode
from .launcher import Launcher
from .releases import Releases
from .systemd import Service
from .unix_signals import HEARD, listening, log_meaningless

logger = logging.getLogger("django_jobs")


class Parent:
    """Runs worker processes until a signal stops them, or all of them have ended.

    TERM and INT stop them all; so does HUP if it comes from a terminal that closes, otherwise it
    loads the site again and replaces them one by one. TSTP makes them quiet, and those that are
    started after it; TTIN lets them write their stacks; USR1 and USR2 change nothing.

    Args:
        first: starts processes with the code that is loaded now.
        load: begins to load the code as it is on disk by then.
        options: how many processes there are, and how they end.
        probe: where to answer probes, or None.

    Raises:
        OSError: it is not possible to listen at that address.
    """

    def __init__(
        self,
        first: Launcher,
        load: Callable[[], Launcher],
        options: CrewOptions,
        probe: ProbeAddress | None = None,
    ) -> None:
        self._releases = Releases(first, load)
        self._crew = Crew(self._releases, options)
        self._probes = [ProbeServer(probe, CrewAnswers(self._crew))] if probe else []
        self._heard: deque[int] = deque()
        self._has_terminal = _has_terminal()
        self._service = Service()

    def run(self) -> ExitCode:
        crew, releases = self._crew, self._releases
        numbers = (*HEARD, signal.SIGTTIN, signal.SIGCHLD)
        with listening(numbers, self._heard.append) as wakeup:
            self._service.tell(f"Starting {crew.wanted} worker processes")
            while crew.children or crew.wanted:
                while self._heard:
                    self._obey(self._heard.popleft())
                releases.look()
                crew.look_after()
                releases.keep({child.launcher for child in crew.children})
                self._inform_systemd()
                channels = [*crew.channels, *releases.channels]
                open_channels = [each for each in channels if each.is_open]
                wakeup.wait(self._service.capped(LOOK), [*open_channels, *self._probes])
                for probe in self._probes:
                    probe.serve()
            releases.close()
            for probe in self._probes:
                probe.close()
        return crew.exit_code

    def _obey(self, number: int) -> None:
        match number:
            case signal.SIGTERM | signal.SIGINT:
                self._crew.stop(number)
            case signal.SIGHUP if self._has_terminal:
                self._crew.stop(signal.SIGTERM)
            case signal.SIGHUP:
                self._reload()
            case signal.SIGTSTP:
                self._crew.quiet()
            case signal.SIGTTIN:
                self._crew.write_stacks()
            case signal.SIGUSR1 | signal.SIGUSR2:
                log_meaningless(number)

    def _reload(self) -> None:
        if self._crew.is_stopping:
            return
        logger.info(
            "SIGHUP: the site is loaded again, and then %d worker processes are replaced one by"
            " one.",
            len(self._crew.active),
        )
        self._service.reloading(f"Loading the site again, {self._jobs}")
        self._releases.reload()

    # --- systemd ----------------------------------------------------------------------------

    def _inform_systemd(self) -> None:
        crew, service = self._crew, self._service
        if all(child.is_in_time for child in crew.children):
            service.show_life()
        if crew.is_stopping:
            service.stopping(f"Stopping {len(crew.children)} worker processes, {self._jobs}")
        elif crew.all_serve and not (crew.outdated or self._releases.is_loading):
            service.ready(self._status)
        elif service.is_ready:
            service.tell(self._status)

    @property
    def _jobs(self) -> str:
        return f"jobs running: {sum(child.running for child in self._crew.children)}"

    @property
    def _status(self) -> str:
        """What the processes do."""
        crew = self._crew
        serving = len([child for child in crew.active if child.serves_since])
        text = f"{min(serving, crew.wanted)} of {crew.wanted} worker processes serve, {self._jobs}"
        if self._releases.is_loading:
            return f"{text}; loading the site again"
        outdated = len(crew.outdated)
        return f"{text}; {outdated} with old code" if outdated else text


def _has_terminal() -> bool:
    """Return whether the process belongs to a terminal, which sends HUP when it closes."""
    try:
        os.close(os.open(os.ctermid(), os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
