"""Any thread may call a broker at any time, and each job is still given out once."""

from __future__ import annotations

from collections import Counter

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import Settlement, State
from tests.support.builders import given_back, make_jobs, succeeded
from tests.support.driver import Driver, ids
from tests.support.threads import in_threads

THREADS = 8
JOBS = 2_000


def test_each_job_is_claimed_by_one_of_eight_threads(
    broker: Broker, inspection: Inspection
) -> None:
    jobs = make_jobs(JOBS)
    broker.push(jobs)
    claimed: Counter[str] = Counter()

    def work(index: int) -> None:
        worker = Driver(broker, f"w{index}")
        settlements: list[Settlement] = []
        while claims := worker.exchange("default", limit=7, settlements=settlements).claims:
            claimed.update(ids(claims))
            settlements = [succeeded(claim) for claim in claims]

    in_threads(THREADS, work)

    assert claimed == Counter(ids(jobs))
    assert inspection.counts()[State.SUCCEEDED] == JOBS


def test_jobs_pushed_during_claims_are_claimed_once_too(
    broker: Broker, inspection: Inspection
) -> None:
    portions = [make_jobs(50) for _ in range(20)]
    claimed: Counter[str] = Counter()

    def work(index: int) -> None:
        for number in range(index, len(portions), THREADS):
            broker.push(portions[number])
        worker = Driver(broker, f"w{index}")
        while claims := worker.take(9):
            claimed.update(ids(claims))
            worker.settle(*map(succeeded, claims))

    in_threads(THREADS, work)

    assert claimed == Counter(job.id for portion in portions for job in portion)
    assert inspection.counts()[State.SUCCEEDED] == 1_000


def test_jobs_that_are_given_back_again_and_again_are_never_lost(
    broker: Broker, inspection: Inspection
) -> None:
    jobs = make_jobs(40)
    broker.push(jobs)

    def work(index: int) -> None:
        worker = Driver(broker, f"w{index}")
        for _ in range(25):
            worker.settle(*map(given_back, worker.take(5)))

    in_threads(THREADS, work)

    assert inspection.counts()[State.QUEUED] == 40
    assert ids(Driver(broker, "last").take(99)) == ids(jobs)
