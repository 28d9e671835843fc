"""A process that has loaded the site, and from which workers are forked, as its parent sees it."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from django_jobs.waits import capped

from .channel import Channel
from .forking import News, fork_workers, no_warnings
from .inheritance import SYSTEMD_VARIABLES, Program, Role
from .launcher import Launched, Launcher

logger = logging.getLogger("django_jobs")

LONGEST_LOAD = 120.0
"""Seconds after which a template that has not loaded the site is killed."""

LONGEST_FORK = 20.0
"""Seconds after which a template that does not fork is killed."""


class Process(Protocol):
    """A child process of this one."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def kill(self) -> None: ...


class ForkedProcess:
    """A child process that was forked from this one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs."""
        if self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


class Template(Launcher):
    """Forks worker processes from one that has loaded the site, so that they share its memory.

    Args:
        process: the template process.
        channel: to it.
    """

    def __init__(self, process: Process, channel: Channel) -> None:
        self._process = process
        self._channel = channel
        self._rest = b""
        self._codes: dict[int, int] = {}
        self._answers: list[tuple[News, str]] = []
        self._is_loaded = False
        self._deadline = time.monotonic() + LONGEST_LOAD

    @classmethod
    def started(cls, program: Program) -> Template:
        """Start a program that loads the site as it is now.

        Raises:
            OSError: it cannot be started.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            return cls(program.start(Role.TEMPLATE, theirs), Channel(ours))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_loaded(self) -> bool:
        return self._is_loaded and not self.is_gone

    @property
    def is_gone(self) -> bool:
        return not self._channel.is_open

    @property
    def channels(self) -> Sequence[Channel]:
        return (self._channel,)

    def launch(self) -> Launched:
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._channel.hand_over(theirs)
            return Launched(self._forked(), Channel(ours))
        except OSError:
            ours.close()
            raise

    def _forked(self) -> int:
        """Wait for the process id of the worker process; a fork takes milliseconds."""
        end = time.monotonic() + LONGEST_FORK
        while not self._answers:
            select.select([self._channel], [], [], capped(max(0, end - time.monotonic())))
            self._hear()
            if self.is_gone:
                raise OSError(f"template process {self.pid} is gone")
            if time.monotonic() > end:
                self.kill()
                raise OSError(f"template process {self.pid} hangs, and was killed")
        news, details = self._answers.pop()
        if news is News.FAILED:
            raise OSError(details)
        return int(details)

    def code_of(self, pid: int) -> int | None:
        return self._codes.get(pid)

    def look(self) -> None:
        has_ended = self.has_exited()  # first, so that its last words are not missed
        self._hear()
        if has_ended:
            self._channel.close()  # whose other end a process that it has forked may still hold
        if not self._is_loaded and self._deadline < time.monotonic() and not self.is_gone:
            logger.error("The site has not loaded within %g s; giving it up.", LONGEST_LOAD)
            self.kill()
            self._deadline = float("inf")

    def _hear(self) -> None:
        heard = self._rest + self._channel.hear()
        *lines, self._rest = heard.split(b"\n")
        for line in lines:
            word, _, details = line.decode().partition(" ")
            news = News(word)
            if news is News.LOADED:
                self._is_loaded = True
            elif news is News.ENDED:
                pid, code = details.split()
                self._codes[int(pid)] = int(code)
            else:
                if news is News.FORKED:  # an earlier process may have had the same id
                    self._codes.pop(int(details), None)
                self._answers.append((news, details))

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        if not self._is_loaded:  # it would notice only afterwards
            self.kill()
        self._channel.close()

    def has_exited(self) -> bool:
        return self._process.poll() is not None


def fork_template() -> Template | Channel:
    """Make a template out of a copy of this process, which has loaded the site.

    Returns:
        The template; and in each worker process forked from it, its channel to the parent.
    """
    ours, theirs = socket.socketpair()
    with no_warnings():
        pid = os.fork()
    if pid:
        theirs.close()
        return Template(ForkedProcess(pid), Channel(ours))
    ours.close()
    with suppress(PermissionError):
        os.setsid()  # so that Ctrl-C in a terminal reaches the parent only
    for variable in SYSTEMD_VARIABLES:
        os.environ.pop(variable, None)
    return fork_workers(theirs)
