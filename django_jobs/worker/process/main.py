"""The main thread of a worker process: signals, signs of life and the exit code."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django_jobs.waits import wait_out
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.probe.scrapes import Scrapes
from django_jobs.worker.run.logging_locks import free_logging
from django_jobs.worker.supervision import STALLED

from .channel import Channel, Report, Request, Stage
from .exit_code import ExitCode
from .systemd import Service
from .unix_signals import HEARD, WITHOUT_MEANING, Wakeup, listening, log_meaningless, restored

logger = logging.getLogger("django_jobs")

LIFE_SIGN = 1.0
"""Seconds between two signs of life."""

SWITCH_INTERVAL = 0.001
"""Seconds after which a thread that only computes lets another one run, where Python has 5 ms: the
exchange loop would come too late with the next jobs."""


class HardStop(BaseException):
    """A second interrupt: stop without waiting for running jobs."""


class WorkerProcess:
    """Runs workers while the main thread handles signals.

    TERM, INT and HUP stop them, as does the end of the parent; a second INT stops them hard; TSTP
    makes them quiet; TTIN writes the stacks of all threads to stderr; USR1 and USR2 change nothing.

    Args:
        workers: to run.
        parent: the channel to the parent, if this is one of several processes.
        scrapes: sends the metrics to clients that the parent hands over.
        stalled: seconds without a step of a loop after which there are no more signs of life.
    """

    def __init__(
        self,
        workers: WorkerGroup,
        parent: Channel | None = None,
        scrapes: Scrapes | None = None,
        *,
        stalled: float = STALLED,
    ) -> None:
        self._workers = workers
        self._parent = parent
        self._scrapes = scrapes
        self._stalled = stalled
        self._service = Service()
        self._quiet_asked = False
        self._stop_asked = False
        self._interrupted = False
        self._hard = False
        self._meaningless: deque[int] = deque()

    def run(self, greet: Callable[[], None]) -> ExitCode:
        """Run until a signal, an operator or the worker's own limits end it.

        Args:
            greet: called when signals are heard and the workers have signed on, before they take
                a job.

        Raises:
            BrokerError: no broker answers at the start.
        """
        faulthandler.register(signal.SIGTTIN, all_threads=True)
        sys.setswitchinterval(SWITCH_INTERVAL)
        with listening(HEARD, self._hear) as wakeup:
            try:
                self._obey()  # a quiet worker says so with its first heartbeat
                self._workers.sign_on()
                greet()
                self._work(wakeup)
                self._end(self._workers.shutdown_timeout)
            except HardStop:
                free_logging()  # the interrupt may have come during a log call
                self._end(0)
            self._hard = True  # later interrupts are too late
        return _exit_code_of(self._workers)

    def _hear(self, number: int) -> None:
        """Handle a signal. It may arrive anywhere, even while a lock is held.

        So this only notes what was asked, which is read after the wait that the signal ends.

        Raises:
            HardStop: into whatever the main thread is waiting for.
        """
        if number in WITHOUT_MEANING:
            self._meaningless.append(number)
            return
        if number == signal.SIGINT and self._stop_asked:
            if not self._hard:
                self._hard = True
                raise HardStop
            return
        self._quiet_asked |= number == signal.SIGTSTP
        self._stop_asked |= number != signal.SIGTSTP
        self._interrupted |= number == signal.SIGINT

    def _work(self, wakeup: Wakeup) -> None:
        """Obey requests until the end, and give signs of life while there is progress."""

        def await_workers() -> None:
            wait_out(self._workers.over.wait, None)
            wakeup.ring()

        self._obey()  # before it takes a job
        self._workers.start()
        threading.Thread(target=await_workers, name="django-jobs-over", daemon=True).start()
        self._service.ready(self._status)
        while not (self._stop_asked or self._workers.over.is_set()):
            if self._workers.idle_for < self._stalled:
                self._show_life()
            pause = self._service.capped(LIFE_SIGN)
            wakeup.wait(pause, [self._parent] if self._parent else [])
            self._obey()
        if self._interrupted:
            logger.info("Stopping; interrupt again to stop without waiting for running jobs.")

    @property
    def _jobs(self) -> str:
        return f"Jobs running: {len(self._workers.running())}"

    @property
    def _status(self) -> str:
        """What the worker does, for systemd."""
        return ". ".join(filter(None, (self._jobs, self._workers.hindrance)))

    def _show_life(self) -> None:
        self._report(Stage.WORN if self._workers.is_worn else Stage.SERVING)
        self._service.show_life()
        self._service.tell(self._status)

    def _report(self, stage: Stage) -> None:
        if self._parent:
            running, hindrance = len(self._workers.running()), self._workers.hindrance
            self._parent.say(Report(stage, running, hindrance).line())

    def _obey(self) -> None:
        """Do what signals and the parent asked for."""
        heard = self._parent.hear() if self._parent else b""
        if self._parent and not self._parent.is_open and not self._stop_asked:
            logger.warning("The parent process is gone, so this worker stops.")
            self._stop_asked = True
        while self._meaningless:
            log_meaningless(self._meaningless.popleft())
        if self._quiet_asked or Request.QUIET.value in heard:
            self._workers.quiet()
        if Request.RETIRE.value in heard:
            self._workers.retire()
        if self._parent and self._scrapes:
            for client in self._parent.take_sockets():
                self._scrapes.answer(client)

    def _end(self, timeout: float) -> None:
        self._stop_asked = True
        self._report(Stage.STOPPING)
        self._service.stopping(f"Stopping. {self._jobs}")
        self._workers.stop(timeout)


def _exit_code_of(workers: WorkerGroup) -> ExitCode:
    """Return the exit code of workers that have stopped."""
    if workers.failed:
        return ExitCode.FAILED
    return ExitCode.GAVE_BACK if workers.given_back else ExitCode.DONE


def run_in_thread(workers: WorkerGroup, greet: Callable[[], None]) -> ExitCode:
    """Run workers in a thread that receives no signals, until they end by themselves.

    Args:
        greet: called when the workers have signed on, before they take a job.

    Raises:
        BrokerError: no broker answers at the start.
    """
    workers.sign_on()
    greet()
    workers.start()
    wait_out(workers.over.wait, None)
    workers.stop(workers.shutdown_timeout)
    return _exit_code_of(workers)


@contextmanager
def borrowed_interpreter() -> Iterator[None]:
    """Restore after the block what a worker process changes, as the caller's process goes on."""
    interval = sys.getswitchinterval()
    with restored():
        try:
            yield
        finally:
            faulthandler.unregister(signal.SIGTTIN)
            sys.setswitchinterval(interval)
