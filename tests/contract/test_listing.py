"""Listings of jobs and counts show what is stored."""

from __future__ import annotations

from itertools import chain

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.jobs.records import State
from tests.support.builders import (
    dead,
    discarded,
    given_back,
    make_job,
    make_jobs,
    retrying,
    succeeded,
)
from tests.support.clock import START, Clock
from tests.support.driver import Driver, ids, one_in_each_state, past_lease


def test_an_unknown_job_is_not_found(inspection: Inspection) -> None:
    assert inspection.find("never pushed") is None
    assert inspection.find("") is None


def test_every_state_is_counted(inspection: Inspection) -> None:
    assert dict(inspection.counts()) == dict.fromkeys(State, 0)


def test_a_job_in_each_state_is_counted_where_it_is(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    one_in_each_state(broker, w1, clock)

    assert dict(inspection.counts()) == dict.fromkeys(State, 1)


def test_counts_add_up_to_what_was_pushed_less_what_was_removed(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(20))
    broker.push(make_jobs(5, queue="b", run_at=clock.now() + 1_000))
    jobs = one_in_each_state(broker, w1, clock)

    inspection.delete(jobs[State.DEAD])
    inspection.delete(jobs[State.SCHEDULED])
    inspection.cancel(jobs[State.RETRYING])
    inspection.clear("default")

    assert sum(inspection.counts().values()) == 20 + 5 + 8 - (2 + 22)


def test_every_state_lists_its_own(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    jobs = one_in_each_state(broker, w1, clock)

    for state in State:
        (record,) = inspection.jobs(state)
        assert (record.state, record.job.id) == (state, jobs[state])
        assert record == inspection.find(jobs[state])


# --- pages -------------------------------------------------------------------------------------


def test_queued_jobs_come_in_the_order_in_which_they_start(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    low, high = make_jobs(3, priority=-1), make_jobs(3, priority=1)
    broker.push(low + high)
    back = w1.take_one()
    w1.settle(given_back(back))

    listed = ids(inspection.jobs(State.QUEUED))

    assert listed == ids(high) + ids(low)
    assert listed == ids(w1.take(9))


def test_queued_jobs_are_grouped_by_queue(broker: Broker, inspection: Inspection) -> None:
    b1, a1, b2, a2 = (make_job(queue=queue) for queue in "baba")
    broker.push([b1, a1, b2, a2])

    assert ids(inspection.jobs(State.QUEUED)) == [a1.id, a2.id, b1.id, b2.id]


def test_pages_follow_one_another(broker: Broker, inspection: Inspection) -> None:
    a, b = make_jobs(7, queue="a"), make_jobs(6, queue="b")
    broker.push(a + b)

    pages = [ids(inspection.jobs(State.QUEUED, offset=n, limit=5)) for n in (0, 5, 10, 15)]

    assert [len(page) for page in pages] == [5, 5, 3, 0]
    assert list(chain(*pages)) == ids(a + b)


def test_a_page_has_fifty_jobs_by_default(broker: Broker, inspection: Inspection) -> None:
    broker.push(make_jobs(60))

    assert len(inspection.jobs(State.QUEUED)) == 50
    assert inspection.jobs(State.QUEUED, limit=0) == ()


def test_a_page_of_one_queue_shows_no_other(broker: Broker, inspection: Inspection) -> None:
    a = make_jobs(4, queue="a")
    broker.push([*make_jobs(3, queue="b"), *a])

    assert ids(inspection.jobs(State.QUEUED, queue="a")) == ids(a)
    assert ids(inspection.jobs(State.QUEUED, queue="a", offset=3, limit=5)) == ids(a[3:])
    assert inspection.jobs(State.QUEUED, queue="unknown") == ()


def test_each_state_can_be_narrowed_to_a_queue(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    one_in_each_state(broker, w1, clock, queue="a")
    jobs = one_in_each_state(broker, w1, clock, queue="b")

    for state in State:
        assert ids(inspection.jobs(state, queue="b")) == [jobs[state]]
        assert inspection.jobs(state, queue="b", offset=1) == ()


def test_scheduled_jobs_come_by_due_time(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    late, soon, later = (make_job(run_at=clock.now() + ahead) for ahead in (500, 100, 900))
    broker.push([late, soon, later])

    assert ids(inspection.jobs(State.SCHEDULED)) == [soon.id, late.id, later.id]
    assert ids(inspection.jobs(State.SCHEDULED, offset=1, limit=1)) == [late.id]


def test_retrying_jobs_come_by_due_time(broker: Broker, inspection: Inspection, w1: Driver) -> None:
    jobs = make_jobs(3)
    broker.push(jobs)
    claims = w1.take(3)
    w1.settle(*map(retrying, claims, (500, 100, 900)))

    assert ids(inspection.jobs(State.RETRYING)) == [jobs[1].id, jobs[0].id, jobs[2].id]


def test_scheduled_and_retrying_jobs_are_not_mixed_up(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    scheduled = [make_job(run_at=clock.now() + 1_000 * n) for n in range(1, 31)]
    broker.push([*make_jobs(30), *scheduled])
    claims = w1.take(30)
    w1.settle(*(retrying(claim, 1_000 * n + 500) for n, claim in enumerate(claims)))

    assert ids(inspection.jobs(State.SCHEDULED, offset=10, limit=10)) == ids(scheduled[10:20])
    assert ids(inspection.jobs(State.RETRYING, offset=10, limit=10)) == ids(claims[10:20])


def test_ended_jobs_come_newest_first(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    for end, state in (
        (succeeded, State.SUCCEEDED),
        (dead, State.DEAD),
        (discarded, State.DISCARDED),
    ):
        jobs = make_jobs(3)
        broker.push(jobs)
        for claim in w1.take(3):
            clock.advance(1)
            w1.settle(end(claim))

        assert ids(inspection.jobs(state)) == ids(jobs[::-1])
        assert ids(inspection.jobs(state, offset=1, limit=1)) == [jobs[1].id]


def test_results_that_are_kept_for_different_times_come_newest_first_too(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    long, short = make_job(result_ttl=900_000), make_job(result_ttl=30_000)
    broker.push([long, short])
    for claim in w1.take(2):
        clock.advance(1)
        w1.settle(succeeded(claim))

    assert ids(inspection.jobs(State.SUCCEEDED)) == [short.id, long.id]


def test_running_jobs_of_all_workers_are_listed(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    jobs = make_jobs(5)
    broker.push(jobs)
    w1.take(2)
    w2.take(3)

    assert sorted(ids(inspection.jobs(State.RUNNING))) == sorted(ids(jobs))
    pages = [ids(inspection.jobs(State.RUNNING, offset=n, limit=2)) for n in (0, 2, 4)]
    assert sorted(chain(*pages)) == sorted(ids(jobs))


# --- workers and totals --------------------------------------------------------------------------


def test_workers_tell_what_they_sent_with_their_last_heartbeat(
    inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    w2.heartbeat()
    w1.heartbeat(quiet=False)
    said = {
        "host": "über.example",
        "pid": 99,
        "started_at": START - 5,
        "queues": ("a", "b:c"),
        "concurrency": 12,
        "quiet": True,
        "running": (("j1", START), ("j2", START + 1)),
        "stuck": ("j2",),
    }
    w1.heartbeat(**said)

    assert inspection.workers() == (w1.info(**said), w2.info())


def test_a_worker_whose_lease_is_over_is_not_listed(
    broker: Broker, inspection: Inspection, w1: Driver, w2: Driver, clock: Clock
) -> None:
    w1.heartbeat()
    clock.advance(1_000)
    w2.heartbeat()

    clock.advance(past_lease(broker) - 1_000)

    assert [worker.id for worker in inspection.workers()] == ["w2"]


def test_totals_add_up_what_heartbeats_bring(
    inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    assert (inspection.totals().succeeded, inspection.totals().failed) == (0, 0)

    w1.heartbeat(succeeded=3, failed=1)
    w1.heartbeat(succeeded=4)
    w2.heartbeat(succeeded=100, failed=10)
    w2.close()

    assert (inspection.totals().succeeded, inspection.totals().failed) == (107, 11)
