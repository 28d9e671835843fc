"""A job record says when its attempts ran, in which worker, and how they failed."""

from __future__ import annotations

import json

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import FAILURES_KEPT
from django_jobs.brokers.inspection.base import Inspection
from tests.support.builders import dead, discarded, make_failure, make_job, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found

HARD_TEXTS = {
    "unicode": "„Grüße“ – 你好 🎉 \u2028",
    "quotes": """'"\\`${}%s\t\r\n""",
    "NUL": "a\x00b",
    "empty": "",
    "20,000 characters": "é" * 20_000,
    "a file name that is no UTF-8": b"caf\xe9.txt".decode("utf-8", "surrogateescape"),
}


@pytest.mark.parametrize("end", [succeeded, dead, discarded])
def test_times_come_from_the_attempt_not_from_the_settling(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, end: type
) -> None:
    broker.push([make_job()])
    clock.advance(1_000)
    claim = w1.take_one()
    reserved = clock.now()
    clock.advance(9_000)

    w1.settle(end(claim, waited=120, duration=3_000))

    record = found(inspection, claim.job.id)
    assert record.started_at == reserved + 120
    assert record.last_attempted_at == reserved + 120
    assert record.finished_at == reserved + 120 + 3_000


def test_the_first_start_stays_while_the_last_attempt_moves_on(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    first = w1.take_one()
    w1.settle(retrying(first, delay=1_000, waited=10, duration=20))
    record = found(inspection, first.job.id)
    assert (record.started_at, record.last_attempted_at) == (clock.now() + 10,) * 2
    assert record.finished_at is None

    clock.advance(1_000)
    second = w1.take_one()
    w1.settle(succeeded(second, waited=3, duration=4))

    record = found(inspection, first.job.id)
    assert record.started_at == first.claimed_at + 10
    assert record.last_attempted_at == second.claimed_at + 3
    assert record.finished_at == second.claimed_at + 7


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS)
def test_the_texts_of_an_error_stay_intact(
    broker: Broker, inspection: Inspection, w1: Driver, text: str
) -> None:
    failure = make_failure(exception="a.B" + text, message=text, traceback=text, worker=text)
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(dead(claim, failure=failure))

    assert found(inspection, claim.job.id).failures == (failure,)


@pytest.mark.parametrize("value", [*HARD_TEXTS.values(), None, [1.5, {"a": []}], "z" * 100_000])
def test_a_result_stays_intact(
    broker: Broker, inspection: Inspection, w1: Driver, value: object
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    w1.settle(succeeded(claim, result=json.dumps(value)))

    assert found(inspection, claim.job.id).result == json.dumps(value)


def test_errors_are_kept_in_their_order(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    job = make_job()
    broker.push([job])
    failures = [make_failure(message=f"error {n}", attempt=n) for n in (1, 2, 3)]

    for failure in failures:
        w1.settle(retrying(w1.take_one(), failure=failure))

    assert found(inspection, job.id).failures == tuple(failures)


def test_the_last_ten_errors_are_kept(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    job = make_job()
    broker.push([job])
    failures = [make_failure(message=f"error {n}", attempt=n) for n in range(1, 14)]

    for failure in failures:
        w1.settle(retrying(w1.take_one(), failure=failure))

    assert found(inspection, job.id).failures == tuple(failures[-FAILURES_KEPT:])
    assert found(inspection, job.id).attempts == 13
