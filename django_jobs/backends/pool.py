"""The worker inside a web process: started by the first job, drained when the process ends."""

from __future__ import annotations

import atexit
import logging
import signal
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from django_jobs.job import State
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.worker import Worker

if TYPE_CHECKING:
    from .base import JobBackend

logger = logging.getLogger("django_jobs")

NAMED = 100
"""How many lost jobs are named in the log, each with its id."""


class Pool:
    """One worker, for the backend of one alias.

    Args:
        backend: whose jobs it runs.
        options: of the worker.
    """

    def __init__(self, backend: JobBackend[Any], options: WorkerOptions) -> None:
        self._backend = backend
        self._options = options
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._closed = False

    def start(self) -> None:
        """Start the worker, unless it runs."""
        if self._worker is None:
            with self._lock:
                if self._worker is None:
                    self._start()

    def _start(self) -> None:
        worker = Worker(self._backend, self._options)
        worker.start()
        self._worker = worker
        watcher = threading.Thread(target=self._drain_after_main, name="django-jobs-exit")
        watcher.start()
        atexit.register(self.drain)
        _leave_politely_on_sigterm()

    def _drain_after_main(self) -> None:
        """Wait for the main thread's end: at exit Python joins this thread, as it is no daemon.

        Hooks of `atexit` do not run under every server, and others run them too late.
        """
        threading.main_thread().join()
        self.drain()

    def drain(self) -> None:
        """Run what is queued for up to `shutdown_timeout` seconds, and name what is lost."""
        with self._lock:
            worker, self._worker = self._worker, None
            if worker is None or self._closed:
                return
            self._closed = True
        deadline = time.monotonic() + self._options.shutdown_timeout
        worker.drain(self._options.shutdown_timeout)
        worker.stop(max(0.0, deadline - time.monotonic()))
        self._name_the_lost()

    def close(self) -> None:
        """Stop the worker at once, as for tests whose settings change."""
        with self._lock:
            worker, self._worker = self._worker, None
            self._closed = True
        if worker:
            worker.stop(0)

    def _name_the_lost(self) -> None:
        inspection = self._backend.broker.inspection
        lost = [
            record.job
            for state in (State.RUNNING, State.QUEUED, State.RETRYING, State.SCHEDULED)
            for record in inspection.jobs(state, limit=sys.maxsize)
        ]
        if not lost:
            return
        named = ", ".join(f"{job.task} ({job.id})" for job in lost[:NAMED])
        counted = ", ".join(
            f"{count} of {task}" for task, count in Counter(job.task for job in lost).items()
        )
        logger.error(
            "The process ends with %d jobs in its memory, which are lost: %s. %s%s. Set"
            " JOB_BACKEND=redis for jobs that survive.",
            len(lost),
            counted,
            named,
            ", …" if len(lost) > NAMED else "",
        )


def _leave_politely_on_sigterm() -> None:
    """Let SIGTERM end the program as SystemExit does, where nothing else was arranged.

    The default ends the process at once, with no chance to drain.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
