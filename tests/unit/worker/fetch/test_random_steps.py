"""Both loops in random order, at a broker that fails now and then: nothing is lost or run twice."""

from __future__ import annotations

import random

import pytest

from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import State
from django_jobs.worker.fetch.mode import Mode
from tests.unit.worker.fetch.harness import Harness

STEPS = 400


class Walk:
    """A worker to which random things happen.

    Args:
        seed: of what happens.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.harness = Harness()
        self.pushed: set[str] = set()
        self.most_ahead = 0
        self.harness.session.on_send = self.check_room
        self.harness.session.on_listen = self.check_room

    def check_room(self) -> None:
        """No more jobs are promised or here than there is room for."""
        harness = self.harness
        here = len(harness.executors.at_work) + len(harness.executors.backlog)
        ahead = harness.exchange._reasons.prefetch.ahead  # noqa: SLF001 (it is what the room allows)
        self.most_ahead = max(self.most_ahead, ahead)
        assert here + harness.room.promised <= harness.executors.threads + self.most_ahead

    def step(self) -> None:
        """Let one thing happen."""
        harness, chance = self.harness, self.random.random()
        if chance < 0.45:
            harness.exchange.step()
        elif chance < 0.6:
            harness.listener.step()
        elif chance < 0.7:
            self.pushed |= {claim.job.id for claim in harness.push(self.random.randint(1, 4))}
        elif chance < 0.9:
            harness.executors.begin()
            if harness.executors.at_work:
                harness.end(self.random.choice(harness.executors.at_work))
        elif chance < 0.95:
            harness.clock.advance(self.random.choice((0.001, 0.01, 1.0)))
            harness.lease.renew(harness.clock())
        elif chance < 0.98:
            harness.session.errors = [BrokerUnavailable("away")] * self.random.randint(0, 3)
        else:
            harness.executors.hoarded = not harness.executors.hoarded

    def finish(self, mode: Mode) -> None:
        """Let the worker come to its end."""
        harness = self.harness
        harness.session.errors.clear()
        harness.executors.hoarded = False
        {Mode.DRAINING: harness.mode.drain, Mode.RETIRING: harness.mode.retire}[mode]()
        for _ in range(10_000):
            if harness.finished.is_set():
                return
            harness.clock.advance(harness.exchange.step())
            harness.lease.renew(harness.clock())
            harness.listener.step()
            harness.executors.begin()
            for claim in [*harness.executors.at_work]:
                harness.end(claim)
        raise AssertionError("It does not come to its end.")


@pytest.mark.parametrize("mode", [Mode.DRAINING, Mode.RETIRING])
@pytest.mark.parametrize("seed", range(10))
def test_every_job_ends_once_and_no_room_is_lost(seed: int, mode: Mode) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.finish(mode)

    harness = walk.harness
    ended = [job_id for job_id, state in harness.settled if state is State.SUCCEEDED]
    waiting = {claim.job.id for claim in harness.session.waiting}
    given_back = {job_id for job_id, state in harness.settled if state is State.QUEUED}
    assert len(ended) == len(set(ended))
    assert {*ended} | waiting | given_back == walk.pushed
    assert not {*ended} & (waiting | given_back)
    assert (harness.room.promised, harness.in_flight.held, harness.outbox.unsent) == (0, (), 0)
    assert harness.room.taken == len(ended)
    if mode is Mode.DRAINING:
        assert not waiting
