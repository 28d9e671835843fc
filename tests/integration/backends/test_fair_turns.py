"""Tasks with `fair_by` on each backend."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs.backends import JobBackend
from django_jobs.errors import UnserializableArgument
from django_jobs.jobs.records import JobRecord, Turn
from tests.apps.backend_site import fair
from tests.support.results import succeeded


def record_of(backend: JobBackend, result: Any) -> JobRecord:
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    return record


def test_a_job_has_the_key_and_weight_of_its_call(backend: JobBackend) -> None:
    plain, heavy = fair.serve.enqueue(7), fair.serve.using(fair_weight=2).enqueue(customer=8)
    both = fair.serve_later.enqueue(7, number=1)
    turns = [record_of(backend, result).job.turn for result in (plain, heavy, both)]
    assert turns == [Turn("7"), Turn("8", 2), Turn('["7", "1"]')]
    for result in (plain, heavy, both):
        succeeded(result)


def test_jobs_enqueued_together_have_keys_of_their_own(backend: JobBackend) -> None:
    results = fair.serve.bulk_enqueue([[1], {"customer": 2}, [1], [None]])
    turns = [record_of(backend, result).job.turn for result in results]
    assert turns == [Turn("1"), Turn("2"), Turn("1"), None]
    for result in results:
        succeeded(result)


def test_the_item_whose_key_is_unusable_is_named(backend: JobBackend) -> None:
    with pytest.raises(UnserializableArgument, match=r"bulk_enqueue: item 1: .*fair_by"):
        fair.serve.bulk_enqueue([[1], [[2]]])
