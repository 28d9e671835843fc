"""A task that changes the process of its worker as no task should."""

from __future__ import annotations

import decimal
import locale
import logging
import logging.config
import os
import resource
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable

from django_jobs import Retry, task


def close_streams() -> None:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def leave_folder() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)


def silence_log() -> None:
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": True})
    logging.disable()


class Raising(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise SystemExit("no log")


def break_log() -> None:
    logging.disable(logging.NOTSET)
    for name in ("", "django_jobs", "django.tasks"):
        logger = logging.getLogger(name)
        logger.disabled = False
        logger.setLevel(logging.DEBUG)
        logger.addHandler(Raising())


def mend_log() -> None:
    for name in ("", "django_jobs", "django.tasks"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.setLevel(logging.WARNING)


def refuse_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))


def allow_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1024), hard))


CHANGES: dict[str, Callable[[], object]] = {
    "leave folder": leave_folder,
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C"),
    "warnings": lambda: warnings.simplefilter("error"),
    "environment": os.environ.clear,
    "umask": lambda: os.umask(0o777),
    "socket timeout": lambda: socket.setdefaulttimeout(1e-6),
    "arithmetic": lambda: decimal.setcontext(decimal.Context(prec=1, traps=[decimal.Inexact])),
    "hook": lambda: setattr(threading, "excepthook", None),
    "close streams": close_streams,
    "silence log": silence_log,
    "break log": break_log,
    "mend log": mend_log,
    "refuse files": refuse_files,
    "allow files": allow_files,
}
"""What one job leaves behind for all that follow in its process, in this order."""


@task(retry=Retry(attempts=1))
def change(name: str) -> int:
    CHANGES[name]()
    return os.getpid()


@task
def own_process() -> int:
    return os.getpid()


@task
async def own_process_in_loop() -> int:
    return os.getpid()
