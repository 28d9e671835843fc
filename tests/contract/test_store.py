"""The store describes itself, and knows what workers report."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from tests.support.driver import Driver


def test_what_a_worker_says_is_known(inspection: Inspection, w1: Driver) -> None:
    w1.heartbeat(said_at=w1.info().started_at, version="1.2", memory=50_000_000)

    (worker,) = inspection.workers()
    assert (worker.said_at, worker.version, worker.memory) == (
        w1.info().started_at,
        "1.2",
        50_000_000,
    )


def test_memory_is_a_store(memory_broker: Broker) -> None:
    store = memory_broker.store_info()
    assert (store.name, store.persistence, store.memory) == ("memory", "none", None)
