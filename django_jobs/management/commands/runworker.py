"""`manage.py runworker`: run the jobs of a backend."""

from __future__ import annotations

import atexit
import dataclasses
import logging
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.autoreload import run_with_reloader

from django_jobs.backends.base import JobBackend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.errors import BrokerError
from django_jobs.management.arguments import at_least, checked, seconds
from django_jobs.management.lookup import configured_backend
from django_jobs.queues import QueueWeight, parse_queue, queue_weights
from django_jobs.waits import wait_out
from django_jobs.worker.greeting import greeting
from django_jobs.worker.logs import configure_logging
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.process import ExitCode, WorkerProcess
from django_jobs.worker.processes import Processes
from django_jobs.worker.worker import Worker

RELOAD_GRACE = 5.0
"""Seconds that running jobs get when code has changed."""


class Command(BaseCommand):
    help = "Runs jobs until it is stopped. TERM or INT: stop. TSTP: take no more jobs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add(
            *("-q", "--queue"),
            action="append",
            type=checked(parse_queue),
            metavar="NAME[:WEIGHT]",
            dest="queues",
            help="serve this queue; may be repeated. By default all queues of the backend.",
        )
        add("--strict", action="store_true", help="empty each queue before the next, in order")
        count = checked(at_least(1))
        add("-c", "--concurrency", type=count, metavar="N", help="threads for ordinary functions")
        add("--processes", type=count, metavar="N", help="worker processes, for more cores")
        add(
            "--shutdown-timeout",
            type=checked(seconds),
            metavar="SECONDS",
            help="how long running jobs may take to finish when the worker stops",
        )
        add("--burst", action="store_true", help="stop when no job is queued")
        add("--max-jobs", type=count, metavar="N", help="stop after so many jobs")
        add(
            "--backend",
            default=DEFAULT_TASK_BACKEND_ALIAS,
            metavar="ALIAS",
            help="alias in TASKS, by default %(default)r",
        )
        add("--reload", action="store_true", default=None, help="start anew when code changes")
        add("--no-reload", action="store_false", dest="reload", help="do not, even with DEBUG on")

    def check(self, *args: Any, **options: Any) -> None:
        """Tell what is wrong with `TASKS` in one sentence: Django's own check of it just raises."""
        try:
            super().check(*args, **options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    def handle(self, *args: Any, **options: Any) -> None:
        backend = find_backend(options["backend"])
        worker_options = self._worker_options(backend, options)
        configure_logging(options["verbosity"])
        processes = options["processes"] or getattr(backend.configuration, "processes", 1)
        if self._reloads(options, processes):
            run_with_reloader(self._run_for_reloader, backend, worker_options)
        elif processes > 1:
            command = [sys.executable, *sys.orig_argv[1:], "--processes", "1", "--no-reload"]
            sys.exit(Processes(command, processes, replace=not worker_options.burst).run())
        else:
            self._run(backend, worker_options)

    def _worker_options(self, backend: JobBackend[Any], options: dict[str, Any]) -> WorkerOptions:
        given = {
            name: options[name]
            for name in ("concurrency", "shutdown_timeout", "burst", "max_jobs", "strict")
            if options[name] is not None
        }
        if options["queues"]:
            given["queues"] = named_queues(backend, options["queues"])
        return dataclasses.replace(WorkerOptions.of(backend), **given)

    def _reloads(self, options: dict[str, Any], processes: int) -> bool:
        if options["reload"] and processes > 1:
            raise CommandError("--reload works with one process: add --processes 1.")
        if options["reload"] is not None:
            return bool(options["reload"])
        ends_by_itself = options["burst"] or options["max_jobs"] is not None
        return settings.DEBUG and processes == 1 and not ends_by_itself

    def _run(self, backend: JobBackend[Any], options: WorkerOptions) -> None:
        worker = Worker(backend, options)
        try:
            self._greet(backend, worker)
            code = WorkerProcess(worker).run()
        except BrokerError as error:
            raise CommandError(str(error)) from error
        if code is ExitCode.GAVE_BACK:
            _exit_now(code)
        sys.exit(code)

    def _run_for_reloader(self, backend: JobBackend[Any], options: WorkerOptions) -> None:
        """Run in a thread of the process that the reloader ends when code changes."""
        worker = Worker(backend, options)
        try:
            self._greet(backend, worker)
            worker.start()
        except BrokerError as error:
            self.stderr.write(str(error))
            _exit_now(ExitCode.FAILED)
        atexit.register(worker.stop, RELOAD_GRACE)
        wait_out(worker.over.wait, None)
        os.kill(os.getpid(), signal.SIGINT)

    def _greet(self, backend: JobBackend[Any], worker: Worker) -> None:
        lines = "\n".join(greeting(backend, worker))
        with suppress(OSError):  # jobs wait for us, even if the disk of the log is full
            self.stdout.write(lines)
            self.stdout.flush()


def find_backend(alias: str) -> JobBackend[Any]:
    """Return the backend whose jobs a worker can run.

    Raises:
        CommandError: there is none, with what to set.
    """
    backend = configured_backend(alias)
    if not isinstance(backend, JobBackend) or not backend.persistent:
        raise CommandError(
            f"TASKS[{alias!r}] is {type(backend).__name__}, whose jobs are not run by a worker of"
            " their own. Set JOB_BACKEND=redis and REDIS_URL, or name another backend with"
            " --backend."
        )
    return backend


def named_queues(backend: JobBackend[Any], given: Sequence[QueueWeight]) -> tuple[QueueWeight, ...]:
    """Return the queues of the command line.

    Raises:
        CommandError: one is named twice, or no job can ever be in it.
    """
    try:
        queues = queue_weights(given)
    except ValueError as error:
        raise CommandError(f"-q: {error}") from error
    unknown = [
        queue.name for queue in queues if backend.queues and queue.name not in backend.queues
    ]
    if unknown:
        raise CommandError(
            f"No task can use the queue {unknown[0]!r}: TASKS[{backend.alias!r}]['QUEUES'] has"
            f" {', '.join(sorted(backend.queues))}. Add it there or to JOB_QUEUES, or correct -q."
        )
    return queues


def _exit_now(code: ExitCode) -> NoReturn:
    """End the process without waiting for threads that run what was given back."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
