"""The loop of a template process: it forks a worker process whenever the parent asks for one."""

from __future__ import annotations

import os
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NoReturn

from .channel import Channel
from .unix_signals import HEARD, listening, restored

IGNORED = (*HEARD, signal.SIGTTIN)
"""Signals that a service manager may send to all processes. The template ends with its parent, as
nobody else could say how the workers ended."""


class News(Enum):
    """The first word of each line that a template sends to its parent."""

    LOADED = "loaded"
    FORKED = "forked"  # with the process id
    FAILED = "failed"  # to fork, with the reason
    ENDED = "ended"  # with the process id and the exit code

    def line(self, *details: object) -> bytes:
        return (" ".join(map(str, (self.value, *details))) + "\n").encode()


def fork_workers(parent: socket.socket) -> Channel:
    """Fork a worker process for each socket that the parent sends, and say how each one ended.

    Returns:
        In each worker process, its channel to the parent. In the template process it never returns:
        that exits when the parent closes its end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with (
        restored((*IGNORED, signal.SIGCHLD)),
        listening((signal.SIGCHLD,), lambda _: None) as wakeup,
    ):
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        template = _Template(parent)
        while True:
            ready = wakeup.wait(None, [parent])
            template.report_ended()
            if parent in ready and (channel := template.fork()):
                break
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return channel


class _Template:
    """The side of the template process.

    Args:
        parent: to say what happens.
    """

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._workers: set[int] = set()
        self._say(News.LOADED)

    def fork(self) -> Channel | None:
        """Fork a worker process; return its channel there, and None here."""
        words, descriptors, _, _ = socket.recv_fds(self._parent, 1, 1)
        if not words:
            _exit()
        end = socket.socket(fileno=descriptors[0])
        end.set_inheritable(False)
        try:
            pid = _forked()
        except OSError as error:
            self._say(News.FAILED, error.strerror)
        else:
            if not pid:
                self._parent.close()
                return Channel(end)
            self._workers.add(pid)
            self._say(News.FORKED, pid)
        end.close()
        return None

    def report_ended(self) -> None:
        for pid in tuple(self._workers):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._workers.discard(pid)
                self._say(News.ENDED, pid, os.waitstatus_to_exitcode(status))

    def _say(self, news: News, *details: object) -> None:
        try:
            self._parent.sendall(news.line(*details))
        except OSError:
            _exit()


def _forked() -> int:
    """Fork; the new process gets no signal before it lets them in.

    `prepare_to_fork` has warned of threads in plain words.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with no_warnings():
            pid = os.fork()
    except OSError:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        raise
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silence Python's own warning of threads at a fork, which would come twice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _exit() -> NoReturn:
    """End the template without what the site does at exit: the workers do that for themselves."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
