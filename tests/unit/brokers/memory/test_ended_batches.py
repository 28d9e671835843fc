"""Ended batches take no more than so much memory."""

from __future__ import annotations

from django_jobs.brokers.constants import BATCHES_KEPT
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.jobs.batches import NewBatch


def test_ended_batches_have_a_limit() -> None:
    batches = MemoryBroker().batches
    for number in range(BATCHES_KEPT + 5):
        batches.open(NewBatch(id=f"b{number}"))
        batches.close(f"b{number}")

    assert batches.count() <= BATCHES_KEPT
    assert batches.find("b0") is None
