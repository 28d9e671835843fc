"""A process that is a worker: signals, signs of life, and the exit code."""

from __future__ import annotations

import faulthandler
import logging
import signal
from collections.abc import Callable
from enum import IntEnum
from types import FrameType

from .notify import notify, watchdog_interval
from .worker import Worker

logger = logging.getLogger("django_jobs")

STALLED = 60.0

LOOK = 1.0
"""Seconds between two looks at the worker where systemd asks for none."""


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
        self._stopping = False
        self._hard = False

    def run(self) -> ExitCode:
        """Run until a signal, an operator or the worker's own limits end it.

        Raises:
            BrokerError: the broker does not answer at the start.
        """
        self._handle(signal.SIGTERM, self._stop)
        self._handle(signal.SIGINT, self._interrupt)
        self._handle(signal.SIGTSTP, self._quiet)
        faulthandler.register(signal.SIGTTIN, all_threads=True)
        self._worker.start()
        notify("READY=1", "STATUS=Working")
        try:
            self._watch()
            self._end(self._worker.options.shutdown_timeout)
        except HardStop:
            self._end(0)
        if self._worker.failed:
            return ExitCode.FAILED
        return ExitCode.GAVE_BACK if self._worker.given_back else ExitCode.DONE

    def _watch(self) -> None:
        """Feed systemd's watchdog as long as there is progress, not by a mere timer."""
        interval = watchdog_interval()
        while not self._worker.over.wait(interval or LOOK):
            if interval and self._worker.idle_for < self._stalled:
                notify("WATCHDOG=1")

    def _end(self, timeout: float) -> None:
        self._stopping = True
        notify("STOPPING=1", f"STATUS=Stopping, {len(self._worker.running())} jobs are running")
        self._worker.stop(timeout)

    def _handle(self, number: signal.Signals, action: Callable[[], None]) -> None:
        def handler(received: int, frame: FrameType | None) -> None:
            action()

        signal.signal(number, handler)

    def _stop(self) -> None:
        self._worker.over.set()

    def _interrupt(self) -> None:
        if self._hard:
            return
        if self._stopping or self._worker.over.is_set():
            self._hard = True
            raise HardStop
        logger.info("Stopping; interrupt again to stop without waiting for running jobs.")
        self._stop()

    def _quiet(self) -> None:
        self._worker.quiet()
