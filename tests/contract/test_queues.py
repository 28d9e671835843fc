"""The read side describes queues, and how long jobs wait in them."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection, QueueInfo
from tests.support.builders import given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, ids
from tests.support.idle_workers import StartIdleWorker


def test_queues_come_by_name_with_their_sizes(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    broker.push([*make_jobs(3, queue="b"), *make_jobs(1, queue="a"), *make_jobs(2, queue="ä")])
    w1.take(1, "b")

    assert [(queue.name, queue.size) for queue in inspection.queues()] == [
        ("a", 1),
        ("b", 2),
        ("ä", 2),
    ]


def test_there_are_no_queues_at_first(inspection: Inspection) -> None:
    assert inspection.queues() == ()


def test_a_queue_that_ever_held_a_job_stays_listed(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(queue="a"), make_job(queue="b", run_at=clock.now() + 60_000)])
    w1.settle(succeeded(w1.take_one("a")))
    w1.take(1, "only asked for")

    assert [(queue.name, queue.size) for queue in inspection.queues()] == [("a", 0), ("b", 0)]


def test_a_paused_queue_is_listed_before_its_first_job(inspection: Inspection) -> None:
    inspection.pause("later")

    assert inspection.queues() == (QueueInfo(name="later", size=0, latency=0, paused=True),)


# --- since when a job could have started ---------------------------------------------------------


def test_the_latency_of_a_queue_is_the_time_its_next_job_has_waited(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    clock.advance(1_000)
    broker.push([make_job()])
    clock.advance(500)

    assert inspection.queues()[0].latency == 1_500
    w1.take_one()
    assert inspection.queues()[0].latency == 500
    w1.take_one()
    assert inspection.queues()[0].latency == 0


def test_the_next_job_is_the_one_with_the_highest_priority(
    broker: Broker, inspection: Inspection, clock: Clock
) -> None:
    broker.push([make_job()])
    clock.advance(1_000)
    broker.push([make_job(priority=1)])
    clock.advance(500)

    assert inspection.queues()[0].latency == 500


def test_a_latency_is_never_negative(broker: Broker, inspection: Inspection, clock: Clock) -> None:
    broker.push([make_job(enqueued_at=clock.now() + 900_000)])

    assert inspection.queues()[0].latency == 0


def test_a_pushed_job_could_have_started_since_it_arrived(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    """By the broker's clock: the one of who enqueues may be wrong."""
    arrival = clock.now()
    broker.push([make_job(enqueued_at=arrival - 900_000)])
    clock.advance(20)

    assert inspection.queues()[0].latency == 20
    assert w1.take_one().queued_at == arrival


def test_a_scheduled_job_could_have_started_since_it_was_due(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    """Also when no worker was there to see it: that is what a latency is to show."""
    job = make_job(run_at=clock.now() + 1_000)
    broker.push([job])
    clock.advance(4_000)
    w1.settle()

    assert inspection.queues()[0].latency == 3_000
    assert w1.take_one().queued_at == job.run_at


def test_a_retried_job_could_have_started_since_it_was_due(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.settle(retrying(w1.take_one(), delay=1_000))
    due = clock.now() + 1_000
    clock.advance(4_000)
    w1.settle()

    assert inspection.queues()[0].latency == 3_000
    assert w1.take_one().queued_at == due


def test_a_job_given_back_keeps_the_time_since_which_it_could_have_started(
    broker: Broker, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(run_at=clock.now() + 1_000)])
    clock.advance(1_000)
    claim = w1.take_one()
    clock.advance(5_000)
    w1.settle(given_back(claim))

    assert w1.take_one().queued_at == claim.queued_at


def test_a_job_that_an_operator_retries_could_start_since_then(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 90_000)
    broker.push([job])
    clock.advance(5_000)

    inspection.retry(job.id)

    assert w1.take_one().queued_at == clock.now()


# --- queues that nobody uses any more -------------------------------------------------------------

DAY = 86_400_000


def use(broker: Broker, worker: Driver, *queues: str) -> None:
    """Run a job of each queue to its end."""
    broker.push([make_job(queue=queue, result_ttl=0) for queue in queues])
    worker.settle(*map(succeeded, worker.take(len(queues), *queues)))


def names(inspection: Inspection) -> list[str]:
    listed = [queue.name for queue in inspection.queues()]
    assert sorted(inspection.queue_names()) == listed
    return listed


def test_a_queue_that_is_empty_for_a_day_is_forgotten(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    use(broker, w1, "tenant-1", "tenant-2")
    w1.heartbeat()
    clock.advance(DAY - 1)
    w1.heartbeat()
    assert names(inspection) == ["tenant-1", "tenant-2"]
    use(broker, w1, "tenant-2")
    clock.advance(1)

    w1.heartbeat()

    assert names(inspection) == ["tenant-2"]


def test_a_queue_that_was_forgotten_is_known_again_with_its_next_job(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock, idle_worker: StartIdleWorker
) -> None:
    use(broker, w1, "tenant-1")
    w1.heartbeat()
    clock.advance(DAY)
    w1.heartbeat()
    assert names(inspection) == []
    waiting = idle_worker()

    job = make_job(queue="tenant-1")
    broker.push([job])

    assert waiting.is_woken()
    assert names(inspection) == ["tenant-1"]
    assert ids(w1.take(5, "tenant-1")) == [job.id]


def test_a_queue_with_jobs_is_never_forgotten(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    broker.push([make_job(queue="slow")])
    for _ in range(3):
        w1.heartbeat()
        clock.advance(DAY)
    assert names(inspection) == ["slow"]


def test_a_job_that_is_due_after_its_queue_was_forgotten_runs(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    job = make_job(queue="later", run_at=clock.now() + 3 * DAY)
    broker.push([job])
    w1.take(1, "later")
    for _ in range(2):
        w1.heartbeat()
        clock.advance(DAY)
    w1.heartbeat()
    assert names(inspection) == []
    clock.advance(DAY)

    w1.take(1, "other")

    assert names(inspection) == ["later"]
    assert ids(w1.take(1, "later")) == [job.id]


def test_a_paused_queue_keeps_its_pause(
    broker: Broker, inspection: Inspection, w1: Driver, clock: Clock
) -> None:
    use(broker, w1, "halted")
    inspection.pause("halted")
    for _ in range(3):
        w1.heartbeat()
        clock.advance(DAY)
    w1.heartbeat()
    assert [(queue.name, queue.paused) for queue in inspection.queues()] == [("halted", True)]

    broker.push([make_job(queue="halted")])

    assert w1.take(1, "halted") == ()


def test_of_many_queues_those_with_jobs_are_found(broker: Broker, w1: Driver) -> None:
    queues = [f"tenant-{number}" for number in range(1_000)]
    jobs = [make_job(queue=queue) for queue in queues[::97]]
    broker.push(jobs)

    assert set(ids(w1.take(100, *queues))) == set(ids(jobs))
    assert w1.take(100, *queues) == ()


def test_of_many_queues_a_worker_looks_only_at_those_that_may_have_jobs(
    broker: Broker, inspection: Inspection, w1: Driver
) -> None:
    queues = sorted(f"tenant-{number}" for number in range(150))
    use(broker, w1, *queues)
    assert sorted(inspection.queue_names()) == queues
    broker.push([make_job(queue="tenant-7")])
    inspection.pause("tenant-8")

    w1.heartbeat()

    assert sorted(inspection.queue_names()) == ["tenant-7", "tenant-8"]
    assert [queue.name for queue in inspection.queues()] == queues
    broker.push([make_job(queue="tenant-9")])
    assert "tenant-9" in inspection.queue_names()
