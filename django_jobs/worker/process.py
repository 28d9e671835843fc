"""A process that is a worker: signals, signs of life, and the exit code."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
import threading
from enum import IntEnum
from types import FrameType

from django_jobs.waits import wait_out

from .notify import notify, watchdog_interval
from .wakeup import Wakeup
from .worker import Worker

logger = logging.getLogger("django_jobs")

STALLED = 60.0

SWITCH_INTERVAL = 0.001
"""Seconds after which a thread that only computes lets another one run, where Python has 5 ms: the
fetcher would come too late with the next jobs."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGTSTP)


class ExitCode(IntEnum):
    """What the worker's exit code tells."""

    DONE = 0
    FAILED = 1
    GAVE_BACK = 3


class HardStop(BaseException):
    """A second interrupt: stop without waiting for anybody."""


class WorkerProcess:
    """Runs a worker in the main thread's care.

    TERM and INT stop it, a second INT stops it hard; TSTP makes it quiet; TTIN writes the stacks
    of all threads to stderr.

    Args:
        worker: to run.
        stalled: seconds without a round of the fetcher after which systemd gets no sign of life.
    """

    def __init__(self, worker: Worker, *, stalled: float = STALLED) -> None:
        self._worker = worker
        self._stalled = stalled
        self._quiet_asked = False
        self._stop_asked = False
        self._interrupted = False
        self._hard = False

    def run(self) -> ExitCode:
        """Run until a signal, an operator or the worker's own limits end it.

        Raises:
            BrokerError: the broker does not answer at the start.
        """
        for number in SIGNALS:
            signal.signal(number, self._hear)
        faulthandler.register(signal.SIGTTIN, all_threads=True)
        sys.setswitchinterval(SWITCH_INTERVAL)
        with Wakeup() as wakeup:
            try:
                self._work(wakeup)
                self._end(self._worker.options.shutdown_timeout)
            except HardStop:
                self._end(0)
        if self._worker.failed:
            return ExitCode.FAILED
        return ExitCode.GAVE_BACK if self._worker.given_back else ExitCode.DONE

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal. It may come in the middle of anything, also while a lock is held.

        So nothing is touched here but flags, which are read after the wait that the signal ends.

        Raises:
            HardStop: into whatever the main thread is waiting for.
        """
        if number == signal.SIGINT and self._stop_asked:
            if not self._hard:
                self._hard = True
                raise HardStop
            return
        self._quiet_asked |= number == signal.SIGTSTP
        self._stop_asked |= number != signal.SIGTSTP
        self._interrupted |= number == signal.SIGINT

    def _work(self, wakeup: Wakeup) -> None:
        """Obey signals until the end, and feed systemd's watchdog as long as there is progress."""

        def await_worker() -> None:
            wait_out(self._worker.over.wait, None)
            wakeup.ring()

        self._worker.start()
        threading.Thread(target=await_worker, name="django-jobs-over", daemon=True).start()
        notify("READY=1", "STATUS=Working")
        interval = watchdog_interval()
        while not (self._stop_asked or self._worker.over.is_set()):
            if self._quiet_asked:
                self._worker.quiet()
            if not wakeup.wait(interval) and self._worker.idle_for < self._stalled:
                notify("WATCHDOG=1")
        if self._interrupted:
            logger.info("Stopping; interrupt again to stop without waiting for running jobs.")

    def _end(self, timeout: float) -> None:
        self._stop_asked = True
        notify("STOPPING=1", f"STATUS=Stopping, {len(self._worker.running())} jobs are running")
        self._worker.stop(timeout)
