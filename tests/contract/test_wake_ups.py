"""Everything that makes a job ready wakes a worker, and nothing else does."""

from __future__ import annotations

import pytest

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.messages import WorkerCommand
from tests.support.builders import given_back, make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, claim_tick, taking
from tests.support.idle_workers import StartIdleWorker, use_up_wake_up
from tests.support.threads import in_threads
from tests.support.waiting import DEADLINE


def test_a_scheduled_job_wakes_a_worker_so_that_it_knows_when_to_come(
    broker: Broker, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    """Else idle workers would sleep over it: none of them has heard of its time."""
    worker = idle_worker("default")

    broker.push([make_job(run_at=clock.now() + 1_000)])

    assert worker.is_woken()


def test_a_job_that_became_due_wakes_a_worker(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    broker.push([make_job(run_at=clock.now() + 1_000)])
    calm_down(broker, w1)
    worker = idle_worker("default")
    assert worker.stays_asleep()

    clock.advance(1_000)
    w1.exchange("default", limit=0)

    assert worker.is_woken()


def test_a_job_that_became_due_in_a_queue_of_others_wakes_a_worker_of_theirs(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    broker.push([make_job(queue="theirs", run_at=clock.now() + 1_000)])
    calm_down(broker, w1, "theirs")
    worker = idle_worker("theirs")

    clock.advance(1_000)
    w1.exchange("ours", limit=1)

    assert worker.is_woken()


def test_a_job_given_back_wakes_a_worker(
    broker: Broker, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([make_job()])
    claim = w1.take_one()
    calm_down(broker, w1)
    worker = idle_worker("default")

    w1.settle(given_back(claim))

    assert worker.is_woken()


def test_the_jobs_of_a_worker_that_leaves_wake_another(
    broker: Broker, w1: Driver, w2: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push([make_job()])
    w1.take_one()
    calm_down(broker, w2)
    worker = idle_worker("default")

    w1.close()

    assert worker.is_woken()


def test_the_jobs_of_a_worker_that_vanished_wake_another(
    broker: Broker, w1: Driver, w2: Driver, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    broker.push([make_job()])
    w1.take_one()
    calm_down(broker, w2)
    worker = idle_worker("default")

    w1.vanish(clock, noticed_by=w2)

    assert worker.is_woken()


def test_the_job_of_a_tick_wakes_a_worker(broker: Broker, idle_worker: StartIdleWorker) -> None:
    worker = idle_worker("default")

    claim_tick(broker, "hourly", None, 1, make_job())

    assert worker.is_woken()


def test_a_job_that_an_operator_retries_wakes_a_worker(
    broker: Broker, inspection: Inspection, w1: Driver, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    job = make_job(run_at=clock.now() + 60_000)
    broker.push([job])
    calm_down(broker, w1)
    worker = idle_worker("default")

    inspection.retry(job.id)

    assert worker.is_woken()


def test_a_paused_queue_wakes_nobody_until_it_is_resumed(
    broker: Broker, inspection: Inspection, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    """Else idle workers would turn in circles around jobs that none of them may take."""
    broker.push(make_jobs(2))
    inspection.pause("default")
    calm_down(broker, w1)
    w1.take(1)
    worker = idle_worker("default")
    assert worker.stays_asleep()

    inspection.resume("default")

    assert worker.is_woken()


def test_a_job_that_must_run_alone_does_not_keep_its_worker_turning_in_circles(
    broker: Broker, w1: Driver, w2: Driver, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    assert len(w1.take(2)) == 1

    for _ in range(3):
        use_up_wake_up(broker, "default")
        assert w1.take(1) == ()

    assert idle_worker("default").stays_asleep()


def test_a_suspect_wakes_a_worker_when_it_may_run_again(
    broker: Broker, w1: Driver, w2: Driver, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    broker.push(make_jobs(2))
    for _ in range(2):
        w1.take(2)
        w1.vanish(clock, noticed_by=w2)
    (suspect,) = w1.take(2)
    calm_down(broker, w1)
    worker = idle_worker("default")
    assert worker.stays_asleep()

    w1.settle(succeeded(suspect))

    assert worker.is_woken()


def test_heartbeats_wake_nobody(broker: Broker, w1: Driver, idle_worker: StartIdleWorker) -> None:
    w1.heartbeat()
    worker = idle_worker("default")

    w1.heartbeat()
    broker.inspection.command_worker("w1", WorkerCommand.QUIET)
    w1.heartbeat()

    assert worker.stays_asleep()


# --- a listen that claims nothing -----------------------------------------------------------


@pytest.mark.parametrize("queues", [["default"], []])
@pytest.mark.parametrize("ahead", [None, 60_000])
def test_a_listen_without_a_lease_takes_no_wake_up_along(
    ahead: int | None, queues: list[str], broker: Broker, idle_worker: StartIdleWorker, clock: Clock
) -> None:
    """Such as a late copy, whose worker is gone."""
    broker.push([make_job(run_at=ahead and clock.now() + ahead)])
    gone = broker.session("gone")

    reply = gone.listen(taking("default", limit=1)._replace(queues=queues), 5)

    assert (reply.claims, reply.must_beat) == ((), True)
    assert idle_worker(*queues).is_woken()


@pytest.mark.parametrize("queues", [["default"], []])
def test_a_listen_that_may_take_nothing_wakes_another_worker(
    queues: list[str], broker: Broker, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    w1.heartbeat()
    broker.push([make_job()])

    w1.session.listen(taking("default", limit=0)._replace(queues=queues), 5)

    assert idle_worker(*queues).is_woken()


def test_a_listen_without_a_lease_announces_no_paused_or_unknown_queue(
    broker: Broker, inspection: Inspection, w1: Driver, idle_worker: StartIdleWorker
) -> None:
    broker.push(make_jobs(2))
    w1.take_one()
    inspection.pause("default")
    calm_down(broker, w1)

    broker.session("gone").listen(taking("default", "nobody-knows", limit=1), 0.05)

    worker = idle_worker("default", "nobody-knows")
    assert worker.stays_asleep()
    assert [queue.name for queue in inspection.queues()] == ["default"]
    inspection.resume("default")
    assert worker.is_woken()


# --- interrupted ------------------------------------------------------------------------------


@pytest.mark.parametrize("queues", [["default"], []])
def test_an_interrupted_listen_ends_and_takes_no_wake_up_along(
    broker: Broker, idle_worker: StartIdleWorker, queues: list[str]
) -> None:
    stopping = idle_worker(*queues)
    assert stopping.stays_asleep()

    stopping.interrupt()

    assert stopping.is_woken()
    other = idle_worker(*queues)
    assert other.stays_asleep()
    broker.push([make_job()])
    assert other.is_woken()


@pytest.mark.parametrize("queues", [["default"], []])
def test_an_interruption_ends_the_listen_of_its_worker_only(
    w1: Driver, idle_worker: StartIdleWorker, queues: list[str]
) -> None:
    other = idle_worker(*queues)

    w1.session.interrupt()

    assert other.stays_asleep()
    assert w1.listen(*queues, seconds=DEADLINE).claims == ()


def test_a_listen_that_begins_after_the_interruption_ends_at_once(w1: Driver) -> None:
    w1.session.interrupt()

    in_threads(1, lambda _: w1.listen("default", seconds=10 * DEADLINE))


def calm_down(broker: Broker, worker: Driver, queue: str = "default") -> None:
    """Use up wake-ups that are left over, as a worker in its loop does."""
    for _ in range(2):
        use_up_wake_up(broker, queue)
        worker.exchange(queue, limit=0)
    use_up_wake_up(broker, queue)
