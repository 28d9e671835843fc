"""Workers with different leases share a Redis."""

from __future__ import annotations

from django_jobs.brokers.redis import RedisBroker
from tests.support.builders import make_job, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver


def test_a_longer_lease_holds_next_to_a_shorter_one(broker: RedisBroker, clock: Clock) -> None:
    patient, hasty = Driver(broker, "patient"), Driver(broker, "hasty")
    broker.push([make_job()])
    broker.lease = 600
    patient.heartbeat()
    claim = patient.take_one()
    broker.lease = 2
    for _ in range(5):
        hasty.heartbeat()
        clock.advance(1_000)
        assert hasty.heartbeat().recovered == ()

    assert patient.settle(succeeded(claim)).refused == ()
