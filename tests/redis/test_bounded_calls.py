"""No call holds Redis up, however many jobs it meets that it cannot claim."""

from __future__ import annotations

from django_jobs.brokers.constants import POSTPONED_PER_CALL
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import JOB_FORMAT, State
from tests.support.builders import make_job
from tests.support.driver import Driver, ids


def test_a_call_puts_so_many_jobs_of_a_later_release_aside_and_the_next_goes_on(
    broker: RedisBroker, w1: Driver
) -> None:
    later = [make_job(format=JOB_FORMAT + 1) for _ in range(2 * POSTPONED_PER_CALL)]
    known = make_job()
    broker.push([*later, known])

    assert w1.take(1) == ()
    assert broker.inspection.counts()[State.SCHEDULED] == POSTPONED_PER_CALL

    assert w1.take(1) == ()
    assert ids(w1.take(1)) == [known.id]
    assert broker.inspection.counts()[State.SCHEDULED] == 2 * POSTPONED_PER_CALL


def test_a_worker_that_listens_is_woken_again_for_the_rest(broker: RedisBroker, w1: Driver) -> None:
    later = [make_job(format=JOB_FORMAT + 1) for _ in range(POSTPONED_PER_CALL)]
    known = make_job()
    broker.push([*later, known])

    assert w1.listen("default").claims == ()

    assert ids(w1.listen("default").claims) == [known.id]
