"""Calls and replies that get lost on the way to Redis, and copies that arrive late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from django_jobs.brokers.inspection.base import Inspection, Totals
from django_jobs.brokers.messages import HeartbeatReply, WorkerCommand
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Claim, State
from tests.support.builders import given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import MOVABLE_CLOCK, Clock
from tests.support.driver import Driver, found, ids, past_lease
from tests.support.lossy_network import Fate, LossyBroker, LossyNetwork

LOSSES = [Fate.IS_LOST, Fate.REPLY_IS_LOST]


@pytest.fixture
def broker(redis_url: str, clock: Clock) -> Iterator[LossyBroker]:
    broker = LossyBroker(redis_url, clock=MOVABLE_CLOCK)
    yield broker
    broker.close()


@pytest.fixture
def network(broker: LossyBroker) -> LossyNetwork:
    return broker.network


@pytest.fixture
def inspection(broker: LossyBroker) -> Inspection:
    return broker.inspection


def lose_take(worker: Driver, network: LossyNetwork, limit: int, fate: Fate) -> None:
    """Ask for jobs, and hear nothing."""
    worker.heartbeat()
    network.fates.append(fate)
    with pytest.raises(BrokerUnavailable):
        worker.take(limit)


def lose_settlement(
    worker: Driver, network: LossyNetwork, claim: Claim, fate: Fate = Fate.REPLY_IS_LOST
) -> None:
    network.fates.append(fate)
    with pytest.raises(BrokerUnavailable):
        worker.settle(succeeded(claim))


def run_late(network: LossyNetwork) -> None:
    """Run a copy of the last lost message now."""
    network.deliver_late(network.copies[-1])


# --- claims whose reply was lost -------------------------------------------------------------


def test_jobs_whose_reply_was_lost_come_back_with_the_next_heartbeat(
    broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    jobs = make_jobs(3)
    broker.push(jobs)
    lose_take(w1, network, 2, Fate.REPLY_IS_LOST)
    assert inspection.counts()[State.RUNNING] == 2

    w1.heartbeat()

    assert ids(w2.take(3)) == ids(jobs)


def test_a_lost_reply_costs_no_attempt(
    broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver
) -> None:
    broker.push([job := make_job()])
    lose_take(w1, network, 1, Fate.REPLY_IS_LOST)

    w1.heartbeat()

    record = found(inspection, job.id)
    assert (record.state, record.attempts, record.crashes) == (State.QUEUED, 0, 0)
    assert (record.workers, record.started_at) == ((), None)
    assert w1.take_one().attempt == 1


def test_a_call_that_is_still_awaited_keeps_its_jobs(broker: LossyBroker, w1: Driver) -> None:
    """Its claims may have been given out though the worker does not know them yet."""
    broker.push(make_jobs(2))
    pending = w1.send("default", limit=2)

    w1.heartbeat()
    claims = pending.result().claims

    assert len(claims) == 2
    assert w1.settle(*map(succeeded, claims)).refused == ()


def test_two_calls_under_way_bring_jobs_in_order(broker: LossyBroker, w1: Driver) -> None:
    jobs = make_jobs(5)
    broker.push(jobs)

    first = w1.send("default", limit=2)
    second = w1.send("default", limit=2)

    assert ids(first.result().claims) == ids(jobs[:2])
    assert ids(second.result().claims) == ids(jobs[2:4])


def test_of_two_calls_under_way_the_one_that_was_lost_gives_back(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver
) -> None:
    jobs = make_jobs(4)
    broker.push(jobs)
    w1.heartbeat()
    network.fates += [Fate.REPLY_IS_LOST, Fate.ARRIVES]
    lost, good = w1.send("default", limit=2), w1.send("default", limit=2)
    with pytest.raises(BrokerUnavailable):
        lost.result()

    w1.heartbeat()

    assert ids(w2.take(4)) == ids(jobs[:2])
    claims = good.result().claims
    assert ids(claims) == ids(jobs[2:])
    w1.heartbeat()
    assert w1.settle(*map(succeeded, claims)).refused == ()


def test_claims_in_the_hands_of_a_worker_survive_any_number_of_heartbeats(
    broker: LossyBroker, w1: Driver
) -> None:
    broker.push(make_jobs(100))
    claims = w1.take(100)

    for _ in range(5):
        w1.heartbeat()

    assert w1.settle(*map(succeeded, claims)).refused == ()


def test_what_one_call_brought_is_settled_with_another(broker: LossyBroker, w1: Driver) -> None:
    broker.push(make_jobs(3))
    claims = w1.take(2)

    reply = w1.exchange("default", settlements=[succeeded(claim) for claim in claims])

    assert (len(reply.claims), reply.refused) == (1, ())


def test_a_job_that_was_left_alone_wakes_a_worker_when_a_lost_claim_is_given_back(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver, clock: Clock
) -> None:
    """A job one crash from being dead keeps others like it from the worker that claimed it."""
    broker.push([make_job(queue="a"), make_job(queue="b")])
    for _ in range(2):
        w1.take(2, "a", "b")
        w1.vanish(clock, noticed_by=w2)
    w1.heartbeat()
    network.fates.append(Fate.REPLY_IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.take(2, "a", "b")
    for queue in ("a", "b"):
        w2.listen(queue, limit=0, seconds=0.05)
    w1.heartbeat()

    assert len(w2.listen("b", seconds=10).claims) == 1


# --- settlements whose reply was lost -------------------------------------------------------------


@pytest.mark.parametrize("fate", LOSSES)
def test_a_settlement_that_is_sent_again_takes_effect_once_and_is_not_refused(
    fate: Fate, broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    lose_settlement(w1, network, claim, fate)
    w1.heartbeat()

    assert w1.settle(succeeded(claim)).refused == ()

    record = found(inspection, claim.job.id)
    assert (record.state, record.attempts) == (State.SUCCEEDED, 1)


def test_a_retry_that_is_sent_again_is_stored_once(
    broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    network.fates.append(Fate.REPLY_IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.settle(retrying(claim, delay=60_000))

    w1.settle(retrying(claim, delay=60_000))

    record = found(inspection, claim.job.id)
    assert (record.state, record.attempts, len(record.failures)) == (State.RETRYING, 1, 1)


def test_a_settlement_of_a_claim_that_others_have_is_refused_though_it_was_never_sent(
    broker: LossyBroker, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    w1.vanish(clock, noticed_by=w2)

    assert w1.settle(succeeded(claim)).refused == (claim.job.id,)
    assert w1.settle(succeeded(claim)).refused == (claim.job.id,)


@pytest.mark.parametrize("fate", LOSSES)
def test_a_job_whose_settlement_is_on_its_way_is_not_given_back(
    fate: Fate, broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    lose_settlement(w1, network, claim, fate)

    w1.heartbeat()

    assert w2.take(1) == ()


def test_a_late_copy_of_a_settlement_changes_nothing(
    broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    network.fates.append(Fate.REPLY_IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.settle(given_back(claim))
    w1.settle(given_back(claim))
    second = w2.take_one()

    run_late(network)

    assert found(inspection, claim.job.id).state is State.RUNNING
    assert w2.settle(succeeded(second)).refused == ()


# --- calls that run late --------------------------------------------------------------------------


def test_jobs_that_a_late_copy_claims_come_back_with_the_next_heartbeat(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver
) -> None:
    lose_take(w1, network, 2, Fate.IS_LOST)
    jobs = make_jobs(2)
    broker.push(jobs)
    run_late(network)
    assert w2.take(2) == ()

    w1.heartbeat()

    assert ids(w2.take(2)) == ids(jobs)


def test_a_late_copy_claims_nothing_after_its_session_was_closed(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver, clock: Clock
) -> None:
    """Else it would begin a lease, and cost innocent jobs a crash each when that is over."""
    lose_take(w1, network, 150, Fate.IS_LOST)
    w1.close()
    broker.push(make_jobs(150))

    run_late(network)

    assert len(w2.take(150)) == 150
    assert w2.vanish(clock, noticed_by=Driver(broker, "w3")).dead == ()


def test_a_late_heartbeat_begins_no_lease_after_its_session_was_closed(
    broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    lose_take(w1, network, 5, Fate.IS_LOST)
    network.fates.append(Fate.IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.heartbeat()
    w1.close()
    broker.push(make_jobs(5))

    for copy in reversed(network.copies):
        network.deliver_late(copy)

    assert inspection.workers() == ()
    assert len(w2.take(5)) == 5


def test_a_late_copy_claims_nothing_for_a_worker_that_was_missed(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver, clock: Clock
) -> None:
    lose_take(w1, network, 5, Fate.IS_LOST)
    w1.vanish(clock, noticed_by=w2)
    broker.push(make_jobs(5))

    run_late(network)

    assert len(w2.take(5)) == 5


def test_a_late_copy_hides_no_jobs_after_everything_was_wiped(
    broker: LossyBroker,
    network: LossyNetwork,
    w1: Driver,
    w2: Driver,
    client: redis.Redis,
    clock: Clock,
) -> None:
    for _ in range(3):
        w1.take(150)
    lose_take(w1, network, 150, Fate.IS_LOST)
    wipe(client, clock)
    w1.heartbeat()
    w2.heartbeat()
    broker.push(make_jobs(150))

    run_late(network)
    claims = w1.take(150)
    w1.heartbeat()
    w2.heartbeat()

    assert len(claims) + len(w2.take(150)) == 150


def test_a_late_copy_claims_nothing_right_after_everything_was_wiped(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, client: redis.Redis, clock: Clock
) -> None:
    lose_take(w1, network, 150, Fate.IS_LOST)
    wipe(client, clock)
    broker.push(make_jobs(150))

    run_late(network)
    w1.heartbeat()

    assert len(w1.take(150)) == 150


def wipe(client: redis.Redis, clock: Clock) -> None:
    client.flushall()
    clock.advance(0)


# --- heartbeats -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", LOSSES)
def test_a_heartbeat_that_is_sent_again_counts_attempts_once(
    fate: Fate, network: LossyNetwork, inspection: Inspection, w1: Driver
) -> None:
    report = w1.report(succeeded=3, failed=1)
    network.fates.append(fate)
    with pytest.raises(BrokerUnavailable):
        w1.session.heartbeat(report)

    w1.session.heartbeat(report)
    run_late(network)

    assert inspection.totals() == Totals(succeeded=3, failed=1)


def test_a_heartbeat_that_is_overtaken_does_nothing(
    broker: LossyBroker, network: LossyNetwork, inspection: Inspection, w1: Driver, w2: Driver
) -> None:
    w1.heartbeat()
    network.fates.append(Fate.IS_LOST)
    report = w1.report(succeeded=3)
    with pytest.raises(BrokerUnavailable):
        w1.session.heartbeat(report)
    w1.session.heartbeat(report)
    w1.heartbeat()
    broker.push(make_jobs(1))
    claim = w1.take_one()

    assert network.deliver_late(network.copies[-1]) == [0, "", [], [], []]

    assert inspection.totals().succeeded == 3
    assert w1.settle(succeeded(claim)).refused == ()
    assert w2.take(1) == ()


def test_a_heartbeat_that_runs_late_gives_back_no_job_that_was_claimed_since(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver
) -> None:
    """The shortest way in which rules that went by a claim's age gave back running jobs."""
    w1.heartbeat()
    report = w1.report()
    network.fates.append(Fate.IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.session.heartbeat(report)  # composed before the job is claimed
    broker.push(make_jobs(1))
    claim = w1.take_one()

    run_late(network)
    w1.session.heartbeat(report)

    assert w2.take(1) == ()
    assert w1.settle(succeeded(claim)).refused == ()


def test_a_heartbeat_that_is_sent_again_renews_the_lease(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    claim = w1.take_one()
    report = w1.report()
    network.fates.append(Fate.REPLY_IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.session.heartbeat(report)
    clock.advance(past_lease(broker) // 2)
    w2.heartbeat()
    w1.session.heartbeat(report)
    clock.advance(past_lease(broker) // 2 + 1)

    assert w2.heartbeat().recovered == ()
    assert w1.settle(succeeded(claim)).refused == ()


def test_a_worker_learns_that_it_lost_its_jobs_though_the_first_reply_was_lost(
    broker: LossyBroker, network: LossyNetwork, w1: Driver, w2: Driver, clock: Clock
) -> None:
    broker.push(make_jobs(1))
    w1.take_one()
    w1.vanish(clock, noticed_by=w2)
    report = w1.report()
    network.fates.append(Fate.REPLY_IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.session.heartbeat(report)

    assert w1.session.heartbeat(report).lost
    assert not w1.heartbeat().lost


def test_a_command_survives_a_lost_reply(
    network: LossyNetwork, inspection: Inspection, w1: Driver
) -> None:
    w1.heartbeat()
    inspection.command_worker("w1", WorkerCommand.QUIET)
    report = w1.report()
    network.fates.append(Fate.REPLY_IS_LOST)
    with pytest.raises(BrokerUnavailable):
        w1.session.heartbeat(report)

    assert w1.session.heartbeat(report).command is WorkerCommand.QUIET


def test_a_first_heartbeat_brings_nothing(w1: Driver) -> None:
    assert w1.heartbeat() == HeartbeatReply()
