"""`manage.py runworker`: run the jobs of a backend."""

from __future__ import annotations

import atexit
import dataclasses
import logging
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from contextlib import nullcontext, suppress
from typing import Any, NoReturn, TypeAlias

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.utils.autoreload import run_with_reloader

from django_jobs.backends import JobBackend, our_backends
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.errors import BrokerError
from django_jobs.logs.fields import writing_as
from django_jobs.logs.formatters import LogFormat
from django_jobs.management.banner import (
    burst_report,
    greeting,
    introduction,
    probe_pages,
    processes_line,
)
from django_jobs.management.own_process import OwnProcessCommand
from django_jobs.management.probe import open_worker_probe, scrapes_of
from django_jobs.management.several import channel_to_parent, run_several
from django_jobs.management.target import job_backend
from django_jobs.management.worker_arguments import add_worker_arguments
from django_jobs.management.worker_options import chosen_options, replaceable
from django_jobs.waits import wait_out
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.probe.server import in_thread
from django_jobs.worker.process.channel import Channel
from django_jobs.worker.process.exit_code import ExitCode
from django_jobs.worker.process.log_output import configure_logging
from django_jobs.worker.process.main import WorkerProcess, borrowed_interpreter, run_in_thread
from django_jobs.worker.run.loggers import show_failures

logger = logging.getLogger("django_jobs")

Served: TypeAlias = tuple[JobBackend, WorkerOptions]
"""A backend, and how its worker works."""

RELOAD_GRACE = 5.0
"""Seconds that running jobs get to finish after a code change."""

EXIT_MESSAGES = {
    ExitCode.FAILED: "A worker failed; the lines above say why.",
    ExitCode.GAVE_BACK: "Running jobs had to be given back to their queues; they will run again.",
    ExitCode.NEVER_STARTED: "No worker process could start; the lines above say why.",
}


class Command(OwnProcessCommand):
    help = "Runs jobs until it is stopped. TERM or INT stops it, TSTP makes it quiet."

    _logs_json = False
    _is_for_several = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_worker_arguments(parser)

    def check(self, *args: Any, **options: Any) -> None:
        """Report an unusable `TASKS` in one sentence; Django's own check of it raises instead."""
        try:
            super().check(*args, **options)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    def handle(self, *args: Any, **options: Any) -> None:
        backends = find_backends(options["backend"], all_of_them=options["all_backends"])
        served = [(backend, chosen_options(backend, options)) for backend in backends]
        backend = backends[0]  # what concerns the process is configured there
        self._is_for_several = len(backends) > 1
        if self.owns_process:
            self._configure_logging(backend, options)
        else:
            show_failures()  # the calling process configures the rest
        ended = channel_to_parent() or self._run_here(served, options)
        if isinstance(ended, Channel):  # this process is one of several
            served = [(each, replaceable(worker_options)) for each, worker_options in served]
            ended = self._run(served, ended)
        elif options["burst"]:
            for each in backends:
                self._write_lines(burst_report(each), each)
        self._end(ended)

    def _run_here(self, served: Sequence[Served], options: dict[str, Any]) -> ExitCode | Channel:
        """Run one process or several; return a channel in each one that is forked."""
        backend, worker_options = served[0]
        processes = self._processes(backend, options)
        probe = options["probe"] or getattr(backend.configuration, "probe", None)
        if self._reloads(worker_options, options["reload"], processes):
            run_with_reloader(self._run_for_reloader, served, probe)
            return ExitCode.DONE
        if processes > 1:
            preload = self._preloads(backend, options)
            for each, _ in served:
                self._write_lines([introduction(each)], each)
            self._write_lines([processes_line(processes), *probe_pages(probe)])
            every = [each for _, each in served]
            return run_several(every, processes, preload=preload, probe=probe)
        return self._run(served, probe=probe)

    def _preloads(self, backend: JobBackend, options: dict[str, Any]) -> bool:
        given: bool | None = options["preload"]
        return getattr(backend.configuration, "preload", True) if given is None else given

    def _configure_logging(self, backend: JobBackend, options: dict[str, Any]) -> None:
        configured = backend.configuration
        log_format = options["log_format"] or getattr(configured, "log_format", LogFormat.TEXT)
        level = options["log_level"] or getattr(configured, "log_level", None)
        self._logs_json = log_format == LogFormat.JSON
        configure_logging(
            options["verbosity"], LogFormat(log_format), level, names_backends=self._is_for_several
        )

    def _processes(self, backend: JobBackend, options: dict[str, Any]) -> int:
        if self.owns_process:
            configured: int = getattr(backend.configuration, "processes", 1)
            return options["processes"] or configured
        if (options["processes"] or 1) > 1:
            raise CommandError(
                "processes works on the command line only, because new processes are started with"
                " the same command line. Leave it out to run one worker in this process."
            )
        return 1

    def _reloads(self, options: WorkerOptions, asked: bool | None, processes: int) -> bool:
        if asked and processes > 1:
            raise CommandError("--reload works with one process only: add --processes 1.")
        if asked and not self.owns_process:
            raise CommandError(
                "reload works on the command line only, because it ends the process."
            )
        if asked is not None:
            return asked
        ends_by_itself = options.burst or options.max_jobs is not None
        return settings.DEBUG and processes == 1 and not ends_by_itself and self.owns_process

    def _run(
        self,
        served: Sequence[Served],
        parent: Channel | None = None,
        probe: ProbeAddress | None = None,
    ) -> ExitCode:
        """Run a worker for each backend in this process.

        Raises:
            CommandError: no broker answers, or the port for probes is not free.
        """
        workers = WorkerGroup([backend.make_worker(options) for backend, options in served])
        scrapes = scrapes_of(served[0][0])

        def greet() -> None:
            self._greet(served, workers, probe)

        with in_thread(open_worker_probe(probe, workers, scrapes)):
            try:
                if threading.current_thread() is not threading.main_thread():
                    return run_in_thread(workers, greet)
                with nullcontext() if self.owns_process else borrowed_interpreter():
                    return WorkerProcess(workers, parent, scrapes).run(greet)
            except BrokerError as error:
                raise CommandError(str(error)) from error

    def _greet(
        self, served: Sequence[Served], workers: WorkerGroup, probe: ProbeAddress | None
    ) -> None:
        for (backend, _), worker in zip(served, workers.workers, strict=True):
            with writing_as(worker.log_fields):
                self._write_lines(greeting(backend, worker, probe), backend)
            probe = None  # one line says where it is

    def _end(self, code: ExitCode) -> None:
        if code is ExitCode.GAVE_BACK and self.owns_process:
            _exit_now(code)
        if code is not ExitCode.DONE:
            raise CommandError(EXIT_MESSAGES[code], returncode=code)

    def _run_for_reloader(self, served: Sequence[Served], probe: ProbeAddress | None) -> None:
        """Run in a thread; the reloader ends the process when code changes."""
        workers = WorkerGroup(
            [backend.make_worker(_staying(options)) for backend, options in served]
        )
        try:
            server = open_worker_probe(probe, workers, scrapes_of(served[0][0]))
            workers.sign_on()
            self._greet(served, workers, probe)
            workers.start()
        except (BrokerError, CommandError) as error:
            self.stderr.write(str(error))
            _exit_now(ExitCode.FAILED)
        atexit.register(workers.stop, RELOAD_GRACE)
        with in_thread(server):
            wait_out(workers.over.wait, None)
        os.kill(os.getpid(), signal.SIGINT)

    def _write_lines(self, lines: Iterable[str], backend: JobBackend | None = None) -> None:
        """Write lines, which name their backend where the process serves several."""
        if backend and self._is_for_several:
            lines = (f"[{backend.alias}] {line}" for line in lines)
        if self._logs_json:
            for line in lines:
                logger.info("%s", line)
            return
        text = "\n".join(lines)
        with suppress(OSError):  # a full disk must not keep the worker from its jobs
            if text:
                self.stdout.write(text)
            self.stdout.flush()


def find_backends(aliases: Sequence[str] | str | None, *, all_of_them: bool) -> list[JobBackend]:
    """Return the backends to serve.

    Args:
        aliases: one or several aliases in `TASKS`; None for the default one.
        all_of_them: serve all persistent backends instead.

    Raises:
        CommandError: one of them cannot be served, or there is none; says what to set.
    """
    if all_of_them:
        if aliases:
            raise CommandError("Give either --backend or --all-backends.")
        found = [backend for backend in our_backends() if backend.persistent]
        if not found:
            raise CommandError(
                "TASKS has no backend whose jobs a separate worker can run. Set JOB_BACKEND=redis"
                " and REDIS_URL."
            )
        return found
    named = [aliases] if isinstance(aliases, str) else aliases or [DEFAULT_TASK_BACKEND_ALIAS]
    for alias in named:
        if named.count(alias) > 1:
            raise CommandError(f"--backend: {alias!r} is named twice: name it once.")
    return [find_backend(alias) for alias in named]


def find_backend(alias: str) -> JobBackend:
    """Return the backend of an alias, whose jobs a worker process can run.

    Raises:
        CommandError: there is no such backend; says what to set.
    """
    backend = job_backend(alias)
    if not backend.persistent:
        raise CommandError(
            f"TASKS[{alias!r}] is {type(backend).__name__}, whose jobs no separate worker can run."
            " Set JOB_BACKEND=redis and REDIS_URL, or name another backend with --backend."
        )
    return backend


def _staying(options: WorkerOptions) -> WorkerOptions:
    """Return options with which only a code change makes the reloader start the next worker."""
    return dataclasses.replace(options, max_memory=None, restart_after_timeout=False)


def _exit_now(code: ExitCode) -> NoReturn:
    """End the process without waiting for threads whose jobs were given back."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
