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

    def start(self) -> None:
        """Start all workers.

        Raises:
            BrokerError: one of the brokers does not answer. Workers that had started have stopped.
        """
        for number, worker in enumerate(self.workers):
            try:
                worker.start()
            except BrokerError:
                for started in self.workers[:number]:
                    started.stop(started.options.shutdown_timeout)
                raise
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

        Args:
            timeout: seconds for the running jobs of all workers together.
        """
        self.quiet()
        until = time.monotonic() + timeout
        for worker in self.workers:
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
    def takes_jobs(self) -> bool:
        """Whether all of them take jobs, as far as nobody has told them to stop that."""
        return all(worker.takes_jobs for worker in self.workers)

    @property
    def holds_lease(self) -> bool:
        """Whether all of their brokers have answered a heartbeat within the lease."""
        return all(worker.holds_lease for worker in self.workers)

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
