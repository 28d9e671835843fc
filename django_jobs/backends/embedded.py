"""The worker inside a web process: started by the first job, drained when the process ends."""

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

MAX_NAMED = 100
"""How many lost jobs one line of the log names: collectors of logs cut long lines off."""


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
        """Start the worker, unless it runs.

        Raises:
            BrokerRefused: the process ends, and the pool runs no more jobs.
        """
        if self._worker is None and not self._over:
            with uninterrupted, self._lock:  # a job may be the first to enqueue here
                if self._worker is None and not self._over:
                    self._start()
        if self._over:
            raise BrokerRefused(
                "This process ends and runs no more jobs, so nothing can be enqueued any more."
                " Set JOB_BACKEND=redis for jobs that outlive the process."
            )

    def _start(self) -> None:
        if _is_too_late():
            self._over = True
            return
        show_failures()
        worker = self._backend.make_worker()
        worker.start()
        self._worker = worker
        # Said explicitly: made in a daemon thread, as those of servers are, it would be one too.
        watch, name = self._drain_after_main, "django-jobs-exit"
        threading.Thread(target=watch, name=name, daemon=False).start()
        atexit.register(self.drain)
        self._over = _is_too_late()  # the main thread may have ended since the first look

    def _drain_after_main(self) -> None:
        """Wait for the main thread's end: at exit Python joins this thread, as it is no daemon.

        Hooks of `atexit` do not run under every server, and others run them too late.
        """
        main = threading.main_thread()
        while main.is_alive():
            main.join(capped())
        self.drain()

    def drain(self) -> None:
        """Run what is queued for up to `shutdown_timeout` seconds, and name what is lost.

        Jobs may enqueue others meanwhile; afterwards nothing can be enqueued. Nothing happens in
        the child of a fork, whose copy of this pool has no threads.
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
        self._name_the_lost()

    def close(self) -> None:
        """Stop the worker at once, as for tests whose settings change."""
        with self._lock:
            self._over = True
        atexit.unregister(self.drain)
        if self._worker:
            self._worker.stop(0)

    def _name_the_lost(self) -> None:
        inspection = self._backend.broker.inspection
        lost = [
            record.job
            for state in (State.RUNNING, State.QUEUED, State.RETRYING, State.SCHEDULED)
            for record in inspection.jobs(state, limit=sys.maxsize)
        ]
        if not lost:
            return
        number = "1 job" if len(lost) == 1 else f"{len(lost)} jobs"
        tasks = ", ".join(
            f"{count} of {task}" for task, count in Counter(job.task for job in lost).items()
        )
        logger.error(
            "The process ends with %s in its memory, lost with it: %s. Set JOB_BACKEND=redis for"
            " jobs that survive.",
            number,
            tasks,
        )
        for start in range(0, len(lost), MAX_NAMED):
            some = lost[start : start + MAX_NAMED]
            logger.error("Lost: %s", ", ".join(f"{job.task} ({job.id})" for job in some))


def _is_too_late() -> bool:
    """Return whether Python shuts down, and may not wait for a thread that is started here.

    It waits for each thread that is no daemon, and for those that such a thread starts. Then it
    runs the hooks of `atexit`, and ends while the threads that those start are still running.
    """
    main, here = threading.main_thread(), threading.current_thread()
    return not main.is_alive() and (here is main or here.daemon)


async def drain_all() -> None:
    """Drain every pool of this process, side by side, without blocking the event loop."""
    await asyncio.gather(
        *(asyncio.to_thread(pool.drain) for pool in process_instances(EmbeddedWorker))
    )


def exit_cleanly_on_sigterm() -> None:
    """Let SIGTERM end the program as SystemExit does, where nothing else was arranged.

    The default ends the process at once, with no chance to drain. It is arranged when Django is
    set up, as the first job may well be enqueued by another thread, which can't do it.
    """
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
