"""Each tick of a periodic task is claimed once, however many workers try."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from django_jobs.jobs.ticks import Tick
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, claim_tick, ids
from tests.support.threads import in_threads

HOURLY = "shop.tasks.report [0 * * * *] {Europe/Zürich}"


def test_there_are_no_ticks_at_first(broker: Broker) -> None:
    assert dict(broker.ticks()) == {}


def test_a_claimed_tick_is_remembered_with_its_job(broker: Broker, w1: Driver) -> None:
    job = make_job()

    assert claim_tick(broker, HOURLY, None, 3_600_000, job)

    assert dict(broker.ticks()) == {HOURLY: 3_600_000}
    assert ids(w1.take(5)) == [job.id]


def test_the_second_to_claim_a_tick_changes_nothing(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    first, second = make_job(), make_job()
    claim_tick(broker, HOURLY, None, 3_600_000, first)

    assert not claim_tick(broker, HOURLY, None, 3_600_000, second)

    assert inspection.find(second.id) is None
    assert ids(w1.take(5)) == [first.id]


def test_only_a_worker_that_saw_the_last_tick_claims_the_next(broker: Broker, w1: Driver) -> None:
    claim_tick(broker, HOURLY, None, 1_000, make_job())

    assert claim_tick(broker, HOURLY, 1_000, 2_000, make_job())

    assert dict(broker.ticks()) == {HOURLY: 2_000}
    assert len(w1.take(5)) == 2


def test_a_worker_that_saw_an_older_tick_claims_nothing(broker: Broker, w1: Driver) -> None:
    claim_tick(broker, HOURLY, None, 1_000, None)
    claim_tick(broker, HOURLY, 1_000, 2_000, None)

    assert not claim_tick(broker, HOURLY, 1_000, 3_000, make_job())
    assert not claim_tick(broker, HOURLY, None, 3_000, make_job())

    assert dict(broker.ticks()) == {HOURLY: 2_000}
    assert w1.take(5) == ()


def test_a_worker_that_saw_a_tick_that_was_never_claimed_claims_nothing(broker: Broker) -> None:
    assert not claim_tick(broker, HOURLY, 1_000, 2_000, make_job())

    assert dict(broker.ticks()) == {}


def test_a_tick_may_be_skipped(broker: Broker, inspection: Inspection) -> None:
    assert claim_tick(broker, HOURLY, None, 1_000, None)

    assert dict(broker.ticks()) == {HOURLY: 1_000}
    assert sum(inspection.counts().values()) == 0


def test_periodic_tasks_tick_on_their_own(broker: Broker) -> None:
    claim_tick(broker, "a", None, 1_000, None)
    claim_tick(broker, "b", None, 2_000, None)
    claim_tick(broker, "a", 1_000, 5_000, None)

    assert dict(broker.ticks()) == {"a": 5_000, "b": 2_000}


def test_a_tick_at_the_beginning_of_time_is_a_tick(broker: Broker) -> None:
    assert claim_tick(broker, "a", None, 0, None)

    assert dict(broker.ticks()) == {"a": 0}
    assert not claim_tick(broker, "a", None, 1, None)
    assert claim_tick(broker, "a", 0, 1, None)


def test_the_job_of_a_tick_may_be_scheduled(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    claim_tick(broker, HOURLY, None, 1_000, make_job(run_at=clock.now() + 30_000))

    assert inspection.counts()[State.SCHEDULED] == 1


def test_a_tick_whose_job_is_known_already_is_claimed_all_the_same(
    broker: Broker, w1: Driver
) -> None:
    job = make_job()
    broker.push([job])
    w1.settle(succeeded(w1.take_one()))

    assert claim_tick(broker, HOURLY, None, 1_000, job)

    assert dict(broker.ticks()) == {HOURLY: 1_000}
    assert w1.take(5) == ()


def test_of_many_ticks_each_is_claimed_for_itself(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    claim_tick(broker, "late", None, 1_000, None)
    inspection.switch_off("off")
    first, missed, passed = make_jobs(3)

    claimed = broker.claim_ticks(
        [
            Tick("first", None, 2_000, first),
            Tick("late", None, 2_000, missed),
            Tick("off", None, 2_000, passed),
            Tick("skipped", None, 2_000),
            Tick("late", 1_000, 3_000),
        ]
    )

    assert claimed == (True, False, True, True, True)
    assert dict(broker.ticks()) == {"first": 2_000, "late": 3_000, "off": 2_000, "skipped": 2_000}
    assert ids(w1.take(5)) == [first.id]
    assert dict(inspection.last_runs()) == {"first": first.id}


def test_of_one_periodic_task_a_call_may_claim_several_ticks(broker: Broker, w1: Driver) -> None:
    first, second = make_jobs(2)

    assert broker.claim_ticks([Tick("a", None, 1, first), Tick("a", 1, 2, second)]) == (True, True)

    assert dict(broker.ticks()) == {"a": 2}
    assert ids(w1.take(5)) == [first.id, second.id]


def test_a_thousand_ticks_are_claimed_at_once(broker: Broker, w1: Driver) -> None:
    jobs = make_jobs(1_000)

    claimed = broker.claim_ticks([Tick(job.id, None, 1_000, job) for job in jobs])

    assert all(claimed)
    assert len(broker.ticks()) == 1_000
    assert ids(w1.take(1_000)) == ids(jobs)


def test_no_ticks_are_claimed_in_vain(broker: Broker) -> None:
    assert broker.claim_ticks([]) == ()


def test_exactly_one_of_eight_threads_that_race_for_a_tick_wins(broker: Broker, w1: Driver) -> None:
    winners: list[tuple[int, int]] = []

    def race(index: int) -> None:
        last = None
        for tick in range(1, 41):
            if claim_tick(broker, HOURLY, last, tick, make_job(arguments=str(tick))):
                winners.append((tick, index))
            last = tick

    in_threads(8, race)

    assert sorted(tick for tick, _ in winners) == list(range(1, 41))
    assert sorted(int(claim.job.arguments) for claim in w1.take(100)) == list(range(1, 41))


# --- clocks that are wrong ------------------------------------------------------------------------


def test_a_tick_is_refused_more_than_a_minute_ahead_of_the_brokers_clock(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    latest = clock.now() + 60_000
    early = make_job()

    assert not claim_tick(broker, HOURLY, None, latest + 1, early)
    assert inspection.find(early.id) is None
    assert dict(broker.ticks()) == {}

    assert claim_tick(broker, HOURLY, None, latest, make_job())
    assert dict(broker.ticks()) == {HOURLY: latest}


def test_a_stored_tick_of_a_clock_that_was_ahead_counts_as_none(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    ten_years = 10 * 365 * 86_400_000
    clock.advance(ten_years)
    claim_tick(broker, HOURLY, None, clock.now(), None)
    clock.advance(-ten_years)
    assert dict(broker.ticks()) == {}
    now, job = clock.now(), make_job()

    assert claim_tick(broker, HOURLY, None, now, job)
    assert not claim_tick(broker, HOURLY, None, now, make_job())

    assert dict(broker.ticks()) == {HOURLY: now}
    assert ids(w1.take(5)) == [job.id]


def test_the_brokers_clock_can_be_read(broker: Broker, clock: Clock) -> None:
    assert broker.now() == clock.now()
