"""The workers of one process: one for each backend that it serves."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from django_jobs.errors import BrokerError
from django_jobs.waits import wait_out

from .run.attempt import Attempt
from .worker import Worker


class WorkerGroup:
    """Workers that start and stop together; each has its own threads and connections.

    They do not affect each other while they run: an outage of one broker delays no job of another.
    If one worker fails, or an operator stops it, all of them stop. If one ends by itself, because
    it has run its share of jobs, the others take no more jobs and end with their running ones.

    Args:
        workers: at least one.

    Attributes:
        over: set when the process should stop the workers.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = tuple(workers)
        self.over = threading.Event()
        self._stopped: set[Worker] = set()

    def sign_on(self) -> None:
        """Send the first heartbeats. Workers whose broker does not answer try again once started.

        Raises:
            BrokerError: none of the brokers answers, or, in a burst, which would not end before
                all do, one of them does not. Workers that had signed on have signed off.
        """
        errors = [error for worker in self.workers if (error := _sign_on(worker))]
        is_burst = any(worker.options.burst for worker in self.workers)
        if errors and (is_burst or len(errors) == len(self.workers)):
            for worker in self.workers:
                if worker.holds_lease:
                    worker.stop(0)
            raise errors[0]

    def start(self) -> None:
        """Start all workers."""
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            name = f"django-jobs-over-{worker.id}"
            threading.Thread(target=self._follow, args=[worker], name=name, daemon=True).start()

    def _follow(self, worker: Worker) -> None:
        """Wait until a worker is over, and decide what becomes of the others."""
        wait_out(worker.over.wait, None)
        is_last = all(other.over.is_set() for other in self.workers)
        if is_last or worker.failed or worker.told_to_stop:
            self.over.set()
        elif not worker.options.burst:
            for other in self.workers:
                other.retire()

    def quiet(self) -> None:
        """Take no more jobs; running jobs go on."""
        for worker in self.workers:
            worker.quiet()

    def retire(self) -> None:
        """Take no more jobs, and end when the running ones have ended."""
        for worker in self.workers:
            worker.retire()

    def stop(self, timeout: float) -> None:
        """Take no more jobs, give running ones some time, and give the rest back.

        Workers whose broker does not answer come last, as each of them takes seconds to give up.

        Args:
            timeout: seconds for the running jobs of all workers together.
        """
        self.quiet()
        until = time.monotonic() + timeout
        for worker in sorted(self.workers, key=_is_cut_off):
            if worker not in self._stopped:
                worker.stop(max(0.0, until - time.monotonic()))
                self._stopped.add(worker)

    @property
    def shutdown_timeout(self) -> float:
        """Seconds that running jobs get when the workers stop: the longest of their options."""
        return max(worker.options.shutdown_timeout for worker in self.workers)

    @property
    def failed(self) -> bool:
        """Whether a part of a worker could not go on."""
        return any(worker.failed for worker in self.workers)

    @property
    def given_back(self) -> int:
        """How many running jobs had to be given back when the workers stopped."""
        return sum(worker.given_back for worker in self.workers)

    @property
    def hindrance(self) -> str:
        """Why jobs of some backends are not taken, one sentence for each; "" if all are."""
        return " ".join(filter(None, map(_hindrance, self.workers)))

    @property
    def idle_for(self) -> float:
        """Seconds without progress in fetching, of the one that has made none for longest."""
        return max(worker.idle_for for worker in self.workers)

    @property
    def is_worn(self) -> bool:
        """Whether the process should be replaced, because one of them asks for it."""
        return any(worker.is_worn for worker in self.workers)

    def running(self) -> tuple[Attempt, ...]:
        """Return the attempts that are running."""
        return tuple(attempt for worker in self.workers for attempt in worker.running())


def _sign_on(worker: Worker) -> BrokerError | None:
    """Let a worker sign on, and return why it could not."""
    try:
        worker.sign_on()
    except BrokerError as error:
        return error
    return None


def _is_cut_off(worker: Worker) -> bool:
    return not worker.holds_lease


def _hindrance(worker: Worker) -> str:
    """Return why a worker takes no jobs, or ""."""
    if not worker.takes_jobs:
        return f"The worker of {worker.alias!r} is quiet or stopping."
    if _is_cut_off(worker):
        return (
            f"The broker of {worker.alias!r} has not answered a heartbeat for longer than the"
            " lease."
        )
    return ""
