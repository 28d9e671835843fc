"""Both loops in random order, at a broker that fails now and then: nothing is lost or run twice."""

from __future__ import annotations

import random

import pytest

from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import State
from django_jobs.worker.fetch.mode import Mode
from tests.unit.worker.fetch.stage import Stage

STEPS = 400


class Walk:
    """A worker to which random things happen.

    Args:
        seed: of what happens.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.stage = Stage()
        self.pushed: set[str] = set()
        self.most_ahead = 0
        self.stage.session.on_send = self.check_room
        self.stage.session.on_listen = self.check_room

    def check_room(self) -> None:
        """No more jobs are promised or here than there is room for."""
        stage = self.stage
        here = len(stage.executors.at_work) + len(stage.executors.backlog)
        ahead = stage.exchange._reasons.prefetch.ahead  # noqa: SLF001 (it is what the room allows)
        self.most_ahead = max(self.most_ahead, ahead)
        assert here + stage.room.promised <= stage.executors.threads + self.most_ahead

    def step(self) -> None:
        """Let one thing happen."""
        stage, chance = self.stage, self.random.random()
        if chance < 0.45:
            stage.exchange.step()
        elif chance < 0.6:
            stage.listener.step()
        elif chance < 0.7:
            self.pushed |= {claim.job.id for claim in stage.push(self.random.randint(1, 4))}
        elif chance < 0.9:
            stage.executors.begin()
            if stage.executors.at_work:
                stage.end(self.random.choice(stage.executors.at_work))
        elif chance < 0.95:
            stage.clock.advance(self.random.choice((0.001, 0.01, 1.0)))
            stage.lease.renew(stage.clock())
        elif chance < 0.98:
            stage.session.errors = [BrokerUnavailable("away")] * self.random.randint(0, 3)
        else:
            stage.executors.hoarded = not stage.executors.hoarded

    def finish(self, mode: Mode) -> None:
        """Let the worker come to its end."""
        stage = self.stage
        stage.session.errors.clear()
        stage.executors.hoarded = False
        {Mode.DRAINING: stage.mode.drain, Mode.RETIRING: stage.mode.retire}[mode]()
        for _ in range(10_000):
            if stage.finished.is_set():
                return
            stage.clock.advance(stage.exchange.step())
            stage.lease.renew(stage.clock())
            stage.listener.step()
            stage.executors.begin()
            for claim in [*stage.executors.at_work]:
                stage.end(claim)
        raise AssertionError("It does not come to its end.")


@pytest.mark.parametrize("mode", [Mode.DRAINING, Mode.RETIRING])
@pytest.mark.parametrize("seed", range(10))
def test_every_job_ends_once_and_no_room_is_lost(seed: int, mode: Mode) -> None:
    walk = Walk(seed)
    for _ in range(STEPS):
        walk.step()
    walk.finish(mode)

    stage = walk.stage
    ended = [job_id for job_id, state in stage.settled if state is State.SUCCEEDED]
    waiting = {claim.job.id for claim in stage.session.waiting}
    given_back = {job_id for job_id, state in stage.settled if state is State.QUEUED}
    assert len(ended) == len(set(ended))
    assert {*ended} | waiting | given_back == walk.pushed
    assert not {*ended} & (waiting | given_back)
    assert (stage.room.promised, stage.in_flight.held, stage.outbox.unsent) == (0, (), 0)
    assert stage.room.taken == len(ended)
    if mode is Mode.DRAINING:
        assert not waiting
