"""A periodic task that is switched off lets its ticks pass without a job."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from tests.support.builders import make_job, make_jobs
from tests.support.clock import Clock
from tests.support.driver import Driver, claim_tick, ids


def test_ticks_pass_without_a_job(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    inspection.switch_off("report")

    assert claim_tick(broker, "report", None, 1_000, make_job())

    assert dict(broker.ticks()) == {"report": 1_000}
    assert sum(inspection.counts().values()) == 0
    assert w1.take(5) == ()


def test_it_runs_again_from_its_next_tick(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    inspection.switch_off("report")
    claim_tick(broker, "report", None, 1_000, make_job())
    inspection.switch_on("report")
    job = make_job()

    assert claim_tick(broker, "report", 1_000, 2_000, job)

    assert ids(w1.take(5)) == [job.id]


def test_others_go_on(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    inspection.switch_off("report")
    job = make_job()

    assert claim_tick(broker, "sweep", None, 1_000, job)

    assert ids(w1.take(5)) == [job.id]


def test_a_task_that_is_off_is_listed_with_the_time_since_when(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    assert dict(inspection.switched_off()) == {}
    since = clock.now()
    inspection.switch_off("report")
    clock.advance(5_000)

    inspection.switch_off("report")
    assert dict(inspection.switched_off()) == {"report": since}

    inspection.switch_on("report")
    inspection.switch_on("report")
    assert dict(inspection.switched_off()) == {}


def test_the_latest_job_of_each_is_known(broker: Broker, inspection: Inspection) -> None:
    assert dict(inspection.last_runs()) == {}
    first, second, other = make_jobs(3)
    claim_tick(broker, "report", None, 1_000, first)
    claim_tick(broker, "report", 1_000, 2_000, second)
    claim_tick(broker, "sweep", None, 1_000, other)

    claim_tick(broker, "sweep", None, 2_000, make_job())  # somebody else was first
    claim_tick(broker, "sweep", 1_000, 3_000, None)  # skipped

    assert dict(inspection.last_runs()) == {"report": second.id, "sweep": other.id}


def test_many_jobs_are_found_at_once(broker: Broker, inspection: Inspection) -> None:
    first, second = make_jobs(2)
    broker.push([first, second])

    assert inspection.read([]) == ()
    assert ids(inspection.read([second.id, "unknown", first.id])) == [second.id, first.id]
