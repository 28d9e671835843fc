"""The worker inside a web process: the first job starts it, and the process's end drains it."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import signal
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import State
from django_jobs.timeouts.blocks import uninterrupted
from django_jobs.waits import capped
from django_jobs.worker.run.loggers import show_failures
from django_jobs.worker.worker import Worker

from .per_process import process_instances

if TYPE_CHECKING:
    from .base import JobBackend

logger = logging.getLogger("django_jobs")

LOST_STATES = (State.RUNNING, State.QUEUED, State.RETRYING, State.SCHEDULED, State.WAITING)
"""The states of the jobs that end with the process."""

MAX_NAMED = 100
"""The most lost jobs that one log line lists: log collectors cut long lines off."""


class EmbeddedWorker:
    """One worker, for the backend of one alias.

    Args:
        backend: whose jobs it runs.
    """

    def __init__(self, backend: JobBackend) -> None:
        self._backend = backend
        self._shutdown_timeout = backend.configuration.shutdown_timeout
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._worker: Worker | None = None
        self._draining = False
        self._over = False

    def start(self) -> None:
        """Start the worker, unless it is running.

        Raises:
            BrokerRefused: the process is ending, and the worker runs no more jobs.
        """
        if self._worker is None and not self._over:
            with uninterrupted, self._lock:  # a job may be the first to enqueue here
                if self._worker is None and not self._over:
                    self._start()
        if self._over:
            raise BrokerRefused(
                "This process is ending and runs no more jobs, so none can be enqueued."
                " Set JOB_BACKEND=redis for jobs that outlive the process."
            )

    def _start(self) -> None:
        if _is_too_late():
            self._over = True
            return
        show_failures()
        worker = self._backend.make_worker()
        worker.sign_on()
        worker.start()
        self._worker = worker
        # daemon=False is explicit: a thread inherits it, and servers have daemon threads.
        watch, name = self._drain_after_main, "django-jobs-exit"
        threading.Thread(target=watch, name=name, daemon=False).start()
        atexit.register(self.drain)
        self._over = _is_too_late()  # the main thread may have ended since the first check

    def _drain_after_main(self) -> None:
        """Wait for the main thread to end. At exit, Python joins this thread, as it is no daemon.

        Not every server runs `atexit` hooks, and some run them too late. A closed worker needs
        none of this: else tests that change the settings would leave a thread each.
        """
        main = threading.main_thread()
        while main.is_alive() and not self._over:
            main.join(capped())
        self.drain()

    def drain(self) -> None:
        """Run queued jobs for up to `shutdown_timeout` seconds, and log those that are lost.

        Until then jobs may enqueue others; afterwards nothing can be enqueued. In the child of a
        fork nothing happens, as its copy has no threads.
        """
        if self._process != os.getpid():
            return
        with self._lock:
            worker = self._worker
            if worker is None or self._draining or self._over:
                return
            self._draining = True
        deadline = time.monotonic() + self._shutdown_timeout
        worker.drain(self._shutdown_timeout)
        self._over = True
        worker.stop(max(0.0, deadline - time.monotonic()))
        self._log_lost_jobs()

    def close(self) -> None:
        """Stop the worker at once, for example because a test changes the settings."""
        with self._lock:
            self._over = True
        atexit.unregister(self.drain)
        if self._worker:
            self._worker.stop(0)

    def _log_lost_jobs(self) -> None:
        inspection = self._backend.broker.inspection
        lost = [
            record.job
            for state in LOST_STATES
            for record in inspection.jobs(state, limit=sys.maxsize)
        ]
        if not lost:
            return
        are = "1 job in its memory is" if len(lost) == 1 else f"{len(lost)} jobs in its memory are"
        tasks = ", ".join(
            f"{count} of {task}" for task, count in Counter(job.task for job in lost).items()
        )
        logger.error(
            "The process is ending, and %s lost: %s. Set JOB_BACKEND=redis for jobs that survive.",
            *(are, tasks),
            extra={"backend": self._backend.alias},
        )
        for start in range(0, len(lost), MAX_NAMED):
            some = lost[start : start + MAX_NAMED]
            names = ", ".join(f"{job.task} ({job.id})" for job in some)
            logger.error("Lost: %s", names, extra={"backend": self._backend.alias})


def _is_too_late() -> bool:
    """Return whether Python is shutting down, and may not wait for a thread that is started now.

    Python waits for each thread that is no daemon, and for threads that those start. Then it runs
    the `atexit` hooks, and ends while threads that those start are still running.
    """
    main, here = threading.main_thread(), threading.current_thread()
    return not main.is_alive() and (here is main or here.daemon)


async def drain_all() -> None:
    """Drain all embedded workers of this process concurrently, without blocking the event loop."""
    await asyncio.gather(
        *(asyncio.to_thread(pool.drain) for pool in process_instances(EmbeddedWorker))
    )


def exit_cleanly_on_sigterm() -> None:
    """Make SIGTERM raise SystemExit, unless another handler is installed.

    By default SIGTERM ends the process at once, with no chance to drain. This runs when Django is
    set up: the first job may be enqueued by another thread, which cannot install a handler.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
