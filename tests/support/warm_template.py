"""The process that programs of tests are forks of: it has imported Django, and runs nothing else.

    python -m tests.support.warm_template DESCRIPTOR

The descriptor is that of a socket, which brings a request and descriptors for each program.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

from tests.support.quick_imports import without_opentelemetry

IMPORTED = (
    "asyncio",
    "croniter",
    "django.conf.urls",
    "django.core.cache.backends.locmem",
    "django.core.handlers.asgi",
    "django.core.management.commands.check",
    "django.core.management.commands.makemigrations",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "django.middleware.cache",
    "django.middleware.csrf",
    "django.template.defaulttags",
    "django.templatetags.tz",
    "django.urls",
    "django.views.debug",
    "django_jobs.management.commands.runworker",
    "environ",
    "encodings.idna",
    "hiredis",
    "multiprocessing.synchronize",
    "redis",
)
"""What a worker imports, as far as it does not depend on settings."""

MESSAGE = struct.Struct("=ii")
STARTED, ENDED = 1, 2
"""What is told of a program: with its process id, and with its exit code."""

LONGEST = 1 << 20
"""The most bytes of a request."""


class Request(NamedTuple):
    """A program to run.

    Attributes:
        arguments: those of Python: `-m` and a module, `-c` and a program, or a file, and what comes
            after it.
    """

    arguments: Sequence[str]
    cwd: str
    environment: Mapping[str, str]


class Template:
    """Forks, and tells of each fork when it has started and how it has ended.

    A program that has ended stays a zombie until its number is not needed any more.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._woken, self._wake = os.pipe()
        self._running: dict[int, int] = {}  # where to tell, by process id
        self._ended: dict[int, int] = {}  # process ids, by where it was told
        os.set_blocking(self._wake, False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake)
        self._events = select.poll()
        self._events.register(control, select.POLLIN)
        self._events.register(self._woken, select.POLLIN)

    def serve(self) -> Request:
        """Fork at each request; return in the fork alone."""
        asked = None
        while asked is None:
            happened = [descriptor for descriptor, _ in self._events.poll()]
            asked = next(filter(None, map(self._answer, happened)), None)
        return asked

    def _answer(self, descriptor: int) -> Request | None:
        if descriptor == self._control.fileno():
            return self._fork()
        if descriptor == self._woken:
            os.read(descriptor, LONGEST)
            self._tell_of_the_ended()
        else:
            self._release(descriptor)
        return None

    def _fork(self) -> Request | None:
        """Return the request in the fork, and None in this process."""
        message, descriptors, _, _ = socket.recv_fds(self._control, LONGEST, 3)
        if not message:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            self._control.close()
            for inherited in (self._woken, self._wake, *self._running.values(), *self._ended):
                os.close(inherited)
            return become(Request(*json.loads(message)), descriptors)
        *outputs, self._running[pid] = descriptors
        for output in outputs:
            os.close(output)
        return None

    def _tell_of_the_ended(self) -> None:
        for pid, telling in list(self._running.items()):
            found = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                continue
            code = found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
            with suppress(BrokenPipeError):
                os.write(telling, MESSAGE.pack(ENDED, code))
            self._ended[self._running.pop(pid)] = pid
            self._events.register(telling, 0)  # for the hang-up of the reader

    def _release(self, descriptor: int) -> None:
        """Forget a program, after its end was told."""
        self._events.unregister(descriptor)
        os.close(descriptor)
        os.waitpid(self._ended.pop(descriptor), 0)


def become(request: Request, descriptors: Sequence[int]) -> Request:
    """Make this fork what a new process would be."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.environment)
    *outputs, telling = descriptors
    for number, output in enumerate(outputs, start=1):
        os.dup2(output, number)
        os.close(output)
    sys.orig_argv = [sys.executable, *request.arguments]
    os.write(telling, MESSAGE.pack(STARTED, os.getpid()))
    os.close(telling)
    return request


def run(request: Request, installed: Sequence[str]) -> None:
    """Run the program as Python does.

    Args:
        installed: what the end of `sys.path` is for every program.
    """
    first, *rest = request.arguments
    added = request.environment.get("PYTHONPATH", "").split(os.pathsep)
    others = [*filter(None, added), *installed]
    match first:
        case "-m":
            sys.argv, sys.path[:] = rest, [request.cwd, *others]
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        case "-c":
            sys.argv, sys.path[:] = [first, *rest[1:]], ["", *others]
            run_text(rest[0])
        case _:
            folder = os.path.dirname(os.path.realpath(first))
            sys.argv, sys.path[:] = [first, *rest], [folder, *others]
            runpy.run_path(first, run_name="__main__")


def run_text(program: str) -> None:
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(compile(program, "<string>", "exec"), vars(main))  # noqa: S102 (what Python does for -c)


if __name__ == "__main__":
    without_opentelemetry()
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # each program has settings of its own
    for name in IMPORTED:
        import_module(name)
    gc.freeze()  # what the garbage collector does not visit is shared by all forks
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [path for path in sys.path[1:] if path not in named]
    with socket.socket(fileno=int(sys.argv[1])) as control:
        asked = Template(control).serve()
    run(asked, others)
