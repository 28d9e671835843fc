"""The doctor finds nothing where nothing is wrong, and disturbs no worker."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import count

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.doctor import WORDINGS, Finding, Trouble
from django_jobs.jobs.records import Settlement, State
from tests.support.builders import given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import START, Clock
from tests.support.driver import Driver, claim_tick, found, one_in_each_state, past_lease
from tests.support.threads import in_threads

WAYS = (succeeded, retrying, given_back)


def findings(broker: Broker) -> list[Finding]:
    return list(broker.doctor.examine())


def test_an_empty_store_fits_together(broker: Broker) -> None:
    assert findings(broker) == []
    assert broker.doctor.diagnose().is_good


def test_jobs_in_every_state_fit_together(
    broker: Broker, clock: Clock, w1: Driver, w2: Driver
) -> None:
    w1.heartbeat()
    one_in_each_state(broker, w1, clock)
    claim_tick(broker, "nightly", None, clock.now(), make_job())
    broker.inspection.pause("default")

    assert findings(broker) == []
    w1.vanish(clock, noticed_by=w2)
    assert findings(broker) == []
    w2.close()
    assert findings(broker) == []


def test_nothing_is_repaired_where_nothing_is_wrong(
    broker: Broker, clock: Clock, w1: Driver
) -> None:
    w1.heartbeat()
    states = one_in_each_state(broker, w1, clock)

    diagnosis = broker.doctor.diagnose(repair=True)

    assert (diagnosis.repaired, diagnosis.left) == ((), ())
    for state, job_id in states.items():
        assert found(broker.inspection, job_id).state is state


def test_a_pause_of_a_queue_that_nobody_knows_is_a_remark(broker: Broker) -> None:
    broker.inspection.pause("not-yet")

    diagnosis = broker.doctor.diagnose(repair=True)

    assert diagnosis.is_good
    assert [(one.trouble, one.where) for one in diagnosis.left] == [
        (Trouble.UNKNOWN_PAUSE, "not-yet")
    ]


def test_a_tick_from_a_clock_that_was_ahead_is_forgotten(broker: Broker, clock: Clock) -> None:
    clock.advance(10 * 86_400_000)
    claim_tick(broker, "nightly", None, clock.now(), None)
    clock.advance(-10 * 86_400_000)

    (finding,) = findings(broker)
    assert (finding.trouble, finding.where) == (Trouble.FUTURE_TICK, "nightly")
    assert broker.doctor.diagnose(repair=True).left == ()
    assert claim_tick(broker, "nightly", None, clock.now(), None)


def test_each_problem_is_reported_in_a_sentence() -> None:
    assert WORDINGS.keys() == set(Trouble)
    for trouble in Trouble:
        finding = Finding(trouble=trouble, where="here", detail="that")
        assert finding.problem.endswith(".")
        assert "here" in finding.problem
        assert bool(finding.repair) is not finding.is_remark


class Traffic:
    """Jobs that are pushed while workers run them and a doctor looks on."""

    number = 600
    workers = 3

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.jobs = [make_job(id=f"job{n:04d}", priority=n % 3) for n in range(self.number)]
        self.found: list[Finding] = []
        self.refused: list[str] = []
        self.ends: Counter[str] = Counter()

    @property
    def is_over(self) -> bool:
        return self.broker.inspection.counts()[State.SUCCEEDED] == self.number

    def push(self) -> None:
        for start in range(0, self.number, 50):
            self.broker.push(self.jobs[start : start + 50])

    def work(self, name: str) -> None:
        worker = Driver(self.broker, name)
        settlements: list[Settlement] = []
        for turn in count():
            worker.heartbeat()
            answer = worker.exchange("default", limit=7, settlements=settlements)
            self.refused += answer.refused
            self.ends.update(one.job_id for one in settlements if one.state is State.SUCCEEDED)
            end = WAYS[turn % len(WAYS)] if turn < 60 else succeeded
            settlements = [end(claim) for claim in answer.claims]
            if not settlements and self.is_over:
                return

    def look(self) -> None:
        while not self.is_over:
            self.found += self.broker.doctor.examine()
            self.found += self.broker.doctor.repair()


def test_the_doctor_comes_while_workers_work_and_every_job_runs_once(broker: Broker) -> None:
    traffic = Traffic(broker)
    parts = [traffic.push, traffic.look]
    parts += [partial(traffic.work, f"w{number}") for number in range(traffic.workers)]

    in_threads(len(parts), lambda index: parts[index]())

    assert (traffic.found, traffic.refused) == ([], [])
    assert traffic.ends == Counter({job.id: 1 for job in traffic.jobs})


@pytest.mark.parametrize("crash", [1, 2])
def test_jobs_that_come_back_fit_together(
    crash: int, broker: Broker, clock: Clock, w2: Driver
) -> None:
    broker.push(make_jobs(3))
    for number in range(crash):
        victim = Driver(broker, f"victim{number}")
        victim.heartbeat()
        victim.take(3)
        victim.vanish(clock, noticed_by=w2)
    clock.advance(past_lease(broker))

    assert findings(broker) == []
    assert clock.now() > START
