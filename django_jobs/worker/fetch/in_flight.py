"""The jobs that a worker holds, and the settlements that it has not sent."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from django_jobs.jobs.records import Claim, Settlement, State
from django_jobs.metrics.task_stats import TaskStats
from django_jobs.waits import wait_out
from django_jobs.worker.fetch.stats import AttemptStats, Ended

from .mode import Changes

NO_METADATA: Mapping[str, str | None] = MappingProxyType({})

NEVER = sys.maxsize


class InFlight:
    """Claims from their arrival to their settlement. Safe to use from all threads.

    A claim may be given back in one thread while its attempt ends in another: the first one wins.

    Args:
        changes: notified when the last attempt has ended, and when there are as many settlements
            to send as were asked for with `notify_at`.
    """

    def __init__(self, changes: Changes, clock: Callable[[], float] = time.monotonic) -> None:
        self._changes = changes
        self._clock = clock
        self._held: dict[int, Claim] = {}  # by `id()`, as there may be two claims of one job
        self._ended: deque[Ended] = deque()
        self._notify_at = NEVER
        self._since = 0.0
        self._lock = threading.Lock()  # entered in C, unlike the condition that is made of it
        self._nothing_held = threading.Condition(self._lock)
        self._stats = AttemptStats()

    def hold(self, claims: Sequence[Claim]) -> None:
        """Note claims that the executors are about to get."""
        with self._lock:
            self._held.update(zip(map(id, claims), claims, strict=True))

    def settle(self, claim: Claim, settlement: Settlement) -> None:
        """Note how the attempt of a claim ended, unless the claim is not held any more."""
        with self._lock:
            if self._held.pop(id(claim), None) is not None:
                if not self._ended:
                    self._since = self._clock()
                self._ended.append((claim, settlement))
                if self._held and len(self._ended) < self._notify_at:
                    return
                self._notify_at = NEVER
                if not self._held:
                    self._nothing_held.notify_all()
        self._changes.notify()  # also of a claim that is not held, as a thread is free again

    def give_back(
        self, claims: Sequence[Claim], metadata: Mapping[str, str | None] = NO_METADATA
    ) -> None:
        """Settle claims that this worker does not run, or not to their end.

        Args:
            metadata: what attempts that are cut short have saved, by the ids of their jobs.
        """
        for claim in claims:
            job_id = claim.job.id
            self.settle(
                claim,
                Settlement(
                    job_id=job_id,
                    token=claim.token,
                    tag=claim.tag,
                    state=State.QUEUED,
                    metadata=metadata.get(job_id),
                ),
            )

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
        """How many settlements nobody has taken to send them."""
        return len(self._ended)

    @property
    def age(self) -> float:
        """For how many seconds the oldest of them has been waiting."""
        return self._clock() - self._since if self._ended else 0.0

    def notify_at(self, unsent: int) -> bool:
        """Notify once when there are so many settlements; returns whether there are already."""
        with self._lock:
            if len(self._ended) >= unsent:
                return True
            self._notify_at = unsent
            return False

    def take_settlements(self, limit: int) -> list[Settlement]:
        """Take settlements to send, and count their attempts."""
        with self._lock:
            count = min(limit, len(self._ended))
            batch = [self._ended.popleft() for _ in range(count)]
            self._since = self._clock()
        self._stats.add(batch)
        return [settlement for _, settlement in batch]

    def take_stats(self) -> tuple[TaskStats, ...]:
        """Return what was counted of the attempts sent since the last such call."""
        return self._stats.take()

    def wait_until_nothing_is_held(self, timeout: float) -> bool:
        """Wait for the end of all attempts; False if some still run after so many seconds."""
        with self._nothing_held:
            return wait_out(partial(self._nothing_held.wait_for, lambda: not self._held), timeout)
