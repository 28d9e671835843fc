"""What a worker holds, and what it has to report: the book between executors and fetcher."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from django_jobs.jobs.records import Claim, Settlement, State
from django_jobs.metrics.task_stats import TaskStats
from django_jobs.waits import wait_out
from django_jobs.worker.background.stats import Ended, Tally

NO_METADATA: Mapping[str, str | None] = MappingProxyType({})


class Ledger:
    """Claims from their reservation to their settlement. Safe in threads.

    A claim may be given back in one thread while its attempt ends in another: the first one wins.
    """

    def __init__(self) -> None:
        self._held: dict[str, Claim] = {}
        self._settled: deque[Ended] = deque()
        self._since = 0.0
        self._lock = threading.Lock()  # entered in C, unlike the condition that is made of it
        self._nothing_held = threading.Condition(self._lock)
        self._tally = Tally()

    def hold(self, claims: Sequence[Claim]) -> None:
        """Note claims that executors are about to get."""
        with self._lock:
            self._held.update({claim.job.id: claim for claim in claims})

    def settle(self, settlement: Settlement) -> int:
        """Note how an attempt ended.

        Returns:
            How many settlements there are to send now; 0 if its claim is not held any more.
        """
        with self._lock:
            claim = self._held.get(settlement.job_id)
            if claim is None or claim.token != settlement.token:
                return 0
            del self._held[settlement.job_id]
            if not self._settled:
                self._since = time.monotonic()
            self._settled.append((claim, settlement))
            if not self._held:
                self._nothing_held.notify_all()
            return len(self._settled)

    def give_back(
        self, claims: Sequence[Claim], metadata: Mapping[str, str | None] = NO_METADATA
    ) -> None:
        """Settle claims that are not to be run here, or not to their end.

        Args:
            metadata: what attempts that are cut short have saved, by the ids of their jobs.
        """
        for claim in claims:
            saved = metadata.get(claim.job.id)
            self.settle(Settlement(claim.job.id, claim.token, State.QUEUED, metadata=saved))

    @property
    def held(self) -> tuple[Claim, ...]:
        """The claims that are not settled."""
        with self._lock:
            return tuple(self._held.values())

    @property
    def holds_nothing(self) -> bool:
        """Whether all claims are settled."""
        return not self._held

    @property
    def unsent(self) -> int:
        """How many settlements the broker was not told of."""
        return len(self._settled)

    @property
    def age(self) -> float:
        """For how many seconds the oldest of them has been waiting."""
        return time.monotonic() - self._since if self._settled else 0.0

    def take_settlements(self, limit: int) -> list[Settlement]:
        """Take settlements to send."""
        with self._lock:  # fetcher and settler may both come
            count = min(limit, len(self._settled))
            batch = [self._settled.popleft() for _ in range(count)]
            self._since = time.monotonic()
        self._tally.add(batch)
        return [settlement for _, settlement in batch]

    def take_samples(self) -> tuple[TaskStats, ...]:
        """Return what was counted of the attempts sent since the last such call."""
        return self._tally.take()

    def wait_until_nothing_is_held(self, timeout: float) -> bool:
        """Wait for the end of all attempts; False if some still run after so many seconds."""
        with self._nothing_held:
            return wait_out(partial(self._nothing_held.wait_for, lambda: not self._held), timeout)
