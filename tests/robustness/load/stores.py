"""A broker in Redis in which jobs are stored and run by the hundred thousand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import Claim, Job, Settlement
from django_jobs.worker.fetch.room import BATCH
from tests.robustness.load.brokers import PORTION, TIMED
from tests.robustness.load.holding import Holding
from tests.support.builders import succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver

MOST_COMMANDS = 4_000
"""What one call may do, with all that its script does: most commands take less than 2 µs."""

LONGEST = 10.0
"""Milliseconds for which one call may hold Redis up."""

NEARLY_ALL = 0.999
"""The part of the calls that is compared with that: now and then the machine itself is slow."""

Ends = Callable[[Claim], Settlement]


@dataclass
class Store:
    """A broker with a server and a clock of its own, and a worker that tests drive."""

    broker: RedisBroker
    client: redis.Redis
    clock: Clock
    worker: Driver
    holding: Holding

    def push(self, number: int, job: Callable[[int], Job]) -> None:
        """Push jobs, each of which is made from its number, in portions as callers do."""
        for first in range(0, number, PORTION):
            self.broker.push([job(n) for n in range(first, min(number, first + PORTION))])

    def run(self, *queues: str, ends: Ends = succeeded, enough: float = math.inf) -> int:
        """Run jobs as a busy worker does, and return how many.

        Args:
            ends: how each of them ends.
            enough: after how many it takes no more; 0 for calls that do all else.
        """
        number = 0
        claims: Sequence[Claim] = ()
        while True:
            limit = BATCH if number < enough else 0
            reply = self.worker.exchange(
                *(queues or ("default",)), limit=limit, settlements=[ends(one) for one in claims]
            )
            claims = reply.claims
            number += len(claims)
            if not (claims or reply.has_more or reply.due_in == 0):
                return number

    def check(self) -> None:
        """Check that no call held the server up for long, where times are compared."""
        for phase in self.holding.phases:
            assert phase.most_commands <= MOST_COMMANDS, phase
            assert not TIMED or phase.held_by(NEARLY_ALL) < LONGEST, phase

    def beat_until_forgotten(self, batch: str) -> None:
        """Send heartbeats, which forget what is over, until nothing of a batch is left."""
        while (
            self.client.exists("{jobs}:happened", "{jobs}:expiries")
            or self.broker.batches.find(batch) is not None
        ):
            self.worker.heartbeat()
