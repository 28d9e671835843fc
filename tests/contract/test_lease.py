"""A worker holds its jobs while it sends heartbeats; other workers take back what it leaves."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import MAX_CRASHES
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import Claim, State
from tests.support.builders import dead, given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, found, ids, past_lease


def test_a_first_heartbeat_brings_no_news(w1: Driver) -> None:
    pulse = w1.heartbeat()

    assert (pulse.lost, pulse.command, pulse.recovered, pulse.dead) == (False, None, (), ())


def test_jobs_come_back_when_the_lease_is_over_but_not_before(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    claim = w1.take_one()

    clock.advance(past_lease(broker) - 2)
    assert w2.heartbeat().recovered == ()
    assert found(inspection, claim.job.id).state is State.RUNNING

    clock.advance(2)
    assert w2.heartbeat().recovered == (claim.job.id,)
    assert found(inspection, claim.job.id).state is State.QUEUED


def test_a_worker_that_never_sent_a_heartbeat_has_a_lease_too(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()

    assert w1.vanish(clock, noticed_by=w2).recovered == (claim.job.id,)


def test_heartbeats_renew_the_lease_of_all_jobs(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(20))
    claims = w1.take(20)

    for _ in range(5):
        clock.advance(past_lease(broker) // 2)
        assert not w1.heartbeat().lost
        assert w2.heartbeat().recovered == ()

    assert w1.settle(*map(succeeded, claims)).refused == ()


def test_reserving_does_not_stand_in_for_heartbeats(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    claim = w1.take_one()
    clock.advance(past_lease(broker) - 2)
    w1.take(1)

    clock.advance(2)

    assert w2.heartbeat().recovered == (claim.job.id,)


def test_settled_jobs_do_not_come_back(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(3))
    good, bad, held = w1.take(3)
    w1.settle(succeeded(good), dead(bad))

    assert w1.vanish(clock, noticed_by=w2).recovered == (held.job.id,)


def test_recovered_jobs_are_reported_once(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    w1.take(2)
    w1.vanish(clock, noticed_by=w2)

    assert w2.heartbeat().recovered == ()
    assert Driver(broker, "w3").heartbeat().recovered == ()


def test_jobs_of_several_workers_come_back(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    jobs = make_jobs(4)
    broker.push(jobs)
    w1.take(2)
    Driver(broker, "w3").take(2)

    pulse = w1.vanish(clock, noticed_by=w2)

    assert sorted(pulse.recovered) == sorted(ids(jobs))


def test_jobs_that_come_back_go_before_those_that_came_later(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    jobs = make_jobs(5)
    broker.push(jobs)
    w1.take(3)

    w1.vanish(clock, noticed_by=w2)

    assert ids(w2.take(9)) == ids(jobs)


def test_the_attempt_of_a_job_that_came_back_counts(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    first = w1.take_one()
    w1.vanish(clock, noticed_by=w2)

    record = found(inspection, first.job.id)
    assert (record.attempts, record.crashes, record.workers) == (1, 1, ("w1",))
    second = w2.take_one()
    assert (second.attempt, second.token > first.token) == (2, True)


def test_a_job_that_takes_down_its_third_worker_is_dead(
    broker: Broker, inspection: Inspection, w2: Driver, clock: Clock
) -> None:
    job = make_job()
    broker.push([job])
    for crash in range(1, MAX_CRASHES):
        worker = Driver(broker, f"victim-{crash}")
        worker.take_one()
        assert worker.vanish(clock, noticed_by=w2).recovered == (job.id,)
    worker = Driver(broker, "last victim")
    worker.take_one()

    pulse = worker.vanish(clock, noticed_by=w2)

    assert (pulse.recovered, pulse.dead) == ((), (job.id,))
    record = found(inspection, job.id)
    assert (record.state, record.crashes, record.attempts) == (State.DEAD, 3, 3)
    assert record.finished_at is not None
    failure = record.failures[-1]
    assert failure.exception == "django_jobs.errors.WorkerLost"
    assert (failure.worker, failure.attempt, failure.at) == ("last victim", 3, clock.now())
    assert failure.message
    assert w2.take(5) == ()


def test_crashes_count_over_all_attempts_of_a_job(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    job = make_job()
    broker.push([job])
    for _ in range(2):
        w1.take_one()
        w1.vanish(clock, noticed_by=w2)
        w1.settle(retrying(w1.take_one()))
    w1.take_one()

    assert w1.vanish(clock, noticed_by=w2).dead == (job.id,)


def test_a_crash_of_one_worker_buries_only_what_has_crashed_before(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    bad, good = make_jobs(2)
    broker.push([bad])
    for _ in range(2):
        w1.take_one()
        w1.vanish(clock, noticed_by=w2)
    broker.push([good])
    w1.take(2)

    pulse = w1.vanish(clock, noticed_by=w2)

    assert (pulse.recovered, pulse.dead) == ((good.id,), (bad.id,))


def test_jobs_that_are_one_crash_from_being_dead_never_share_a_worker(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    """So that the one that crashes its worker is known, and the other lives."""
    jobs = make_jobs(2)
    broker.push(jobs)
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)

    first = w1.take(2)
    second = w2.take(2)

    assert (ids(first), ids(second)) == ([jobs[0].id], [jobs[1].id])
    w1.settle(succeeded(first[0]))
    assert w1.vanish(clock, noticed_by=Driver(broker, "w3")).dead == (jobs[1].id,)


def test_a_job_that_must_run_alone_does_not_hold_up_others(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(suspects := make_jobs(2))
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    broker.push(others := make_jobs(3))

    claims = w1.take(3)
    assert ids(claims) == [suspects[0].id, others[0].id, others[1].id]

    w1.settle(*map(succeeded, claims))
    assert ids(w1.take(3)) == [suspects[1].id, others[2].id]


def test_a_job_that_was_retried_since_keeps_no_other_from_its_worker(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    """One that was one crash from being dead counts from zero again."""
    broker.push(make_jobs(2))
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    (first,) = w1.take(1)
    w1.settle(dead(first))
    assert inspection.retry(first.job.id)

    (other,) = w2.take(1)
    assert ids(w1.take(1)) == [first.job.id]
    w2.settle(given_back(other))
    assert ids(w1.take(1)) == [other.job.id]


# --- when nobody could send heartbeats -----------------------------------------------------------


def hold_through_outage(holder: Driver, late: Driver, clock: Clock) -> Claim:
    """Take a job; then nobody can send heartbeats for a lease, and another comes back first."""
    holder.broker.push([make_job()])
    holder.heartbeat()
    late.heartbeat()
    claim = holder.take_one()
    clock.advance(past_lease(holder.broker))
    assert late.heartbeat().recovered == ()
    return claim


def test_after_an_outage_the_jobs_of_workers_that_were_cut_off_too_stay_with_them(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    """Else every job that runs that long would be dead after three outages longer than a lease."""
    broker.push([make_job()])
    w1.heartbeat()
    w2.heartbeat()
    claim = w1.take_one()

    for _ in range(MAX_CRASHES):
        clock.advance(past_lease(broker))
        assert w2.heartbeat().recovered == ()
        assert not w1.heartbeat().lost

    assert found(inspection, claim.job.id).crashes == 0
    assert w1.settle(succeeded(claim)).refused == ()


def test_a_worker_that_vanished_in_an_outage_is_missed_one_lease_later(
    w1: Driver, w2: Driver, clock: Clock
) -> None:
    claim = hold_through_outage(w1, w2, clock)

    assert w1.vanish(clock, noticed_by=w2).recovered == (claim.job.id,)


def test_a_worker_that_is_always_late_takes_back_jobs_all_the_same(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    claim = hold_through_outage(w1, w2, clock)
    clock.advance(past_lease(broker))

    assert w2.heartbeat().recovered == (claim.job.id,)


def test_a_new_worker_takes_back_what_the_last_one_left_long_ago(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    claim = w1.take_one()
    clock.advance(10 * past_lease(broker))

    assert w2.heartbeat().recovered == (claim.job.id,)


# --- coming back late ----------------------------------------------------------------------------


def test_a_worker_that_comes_back_late_hears_once_that_it_lost_its_jobs(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    claim = w1.take_one()
    w1.vanish(clock, noticed_by=w2)

    assert w1.heartbeat().lost
    assert not w1.heartbeat().lost
    assert w1.settle(succeeded(claim)).refused == (claim.job.id,)


def test_a_worker_that_comes_back_late_may_work_again(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    w1.heartbeat()

    assert w1.settle(succeeded(w1.take_one())).refused == ()


def test_a_late_heartbeat_that_comes_before_anybody_noticed_keeps_the_jobs(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    """Nobody else has them, so that running them again would help no one."""
    broker.push([make_job()])
    w1.heartbeat()
    claim = w1.take_one()
    clock.advance(past_lease(broker))

    pulse = w1.heartbeat()

    assert (pulse.lost, pulse.recovered) == (False, ())
    assert w2.heartbeat().recovered == ()
    assert w1.settle(succeeded(claim)).refused == ()


def test_a_late_settlement_that_comes_before_anybody_noticed_counts(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    clock.advance(past_lease(broker))

    assert w1.settle(succeeded(claim)).refused == ()


# --- a clock that is set back ---------------------------------------------------------------------


def test_jobs_of_a_dead_worker_come_back_in_time_though_the_clock_was_set_back(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.heartbeat()
    w2.heartbeat()
    claim = w1.take_one()

    clock.advance(-3_600_000)
    assert w2.heartbeat().recovered == ()
    clock.advance(past_lease(broker) - 2)
    assert w2.heartbeat().recovered == ()
    clock.advance(2)

    assert w2.heartbeat().recovered == (claim.job.id,)


def test_a_clock_that_is_set_back_costs_no_living_worker_its_jobs(
    broker: Broker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    for step in (-3_600_000, past_lease(broker) // 2, past_lease(broker) // 2, -1):
        clock.advance(step)
        assert not w1.heartbeat().lost
        assert w2.heartbeat().recovered == ()

    assert w1.settle(succeeded(claim)).refused == ()
