"""What a worker holds, and what it has not reported."""

from __future__ import annotations

import threading

from django_jobs.jobs.records import State
from django_jobs.worker.fetch.in_flight import InFlight
from django_jobs.worker.fetch.mode import Changes
from tests.support.builders import ended, succeeded
from tests.unit.worker.fetch.harness import make_claims


def make_in_flight() -> tuple[InFlight, Changes]:
    changes = Changes()
    return InFlight(changes), changes


def test_a_claim_is_settled_once_and_only_under_its_own_token_and_tag() -> None:
    in_flight, _ = make_in_flight()
    (claim,) = make_claims(1)
    claim = claim._replace(token=2, tag=7)
    in_flight.hold([claim])
    for other in (claim._replace(token=1), claim._replace(tag=6)):
        in_flight.settle(other, succeeded(other))
    assert in_flight.unsent == 0
    in_flight.settle(claim, succeeded(claim))
    in_flight.settle(claim, succeeded(claim))
    assert in_flight.take_settlements(10) == [succeeded(claim)]
    assert [(one.succeeded, one.failed) for one in in_flight.take_stats()] == [(1, 0)]
    assert in_flight.take_stats() == ()


def test_two_claims_of_one_job_are_settled_each_for_itself() -> None:
    in_flight, _ = make_in_flight()
    (claim,) = make_claims(1)
    again = claim._replace(token=claim.token + 1, tag=claim.tag + 1)
    in_flight.hold([again])
    in_flight.hold([claim])  # whose reply came late

    in_flight.settle(again, succeeded(again))
    assert in_flight.held == (claim,)
    in_flight.settle(claim, succeeded(claim))

    assert in_flight.take_settlements(10) == [succeeded(again), succeeded(claim)]
    assert in_flight.holds_nothing


def test_of_threads_that_settle_a_claim_one_wins() -> None:
    in_flight, _ = make_in_flight()
    claims = make_claims(3000)
    in_flight.hold(claims)
    together = threading.Barrier(4)

    def settle() -> None:
        together.wait()
        for claim in claims:
            in_flight.settle(claim, succeeded(claim))

    threads = [threading.Thread(target=settle) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert in_flight.unsent == 3000
    assert in_flight.wait_until_nothing_is_held(0)


def test_it_notifies_once_when_there_are_enough_settlements() -> None:
    in_flight, changes = make_in_flight()
    claims = make_claims(6)
    in_flight.hold(claims)
    assert not in_flight.notify_at(3)
    counts = []
    for claim in claims[:5]:
        in_flight.settle(claim, succeeded(claim))
        counts.append(changes.count)
    assert counts == [0, 0, 1, 1, 1]
    assert in_flight.notify_at(5)


def test_it_notifies_of_the_last_end_and_of_one_that_nobody_waits_for() -> None:
    in_flight, changes = make_in_flight()
    first, last = make_claims(2)
    in_flight.hold([first, last])
    in_flight.settle(first, succeeded(first))
    assert changes.count == 0
    in_flight.settle(first, succeeded(first))  # a thread is free again
    assert changes.count == 1
    in_flight.settle(last, succeeded(last))
    assert changes.count == 2


def test_what_is_given_back_counts_as_no_attempt_and_keeps_its_metadata() -> None:
    in_flight, _ = make_in_flight()
    first, second = make_claims(2)
    in_flight.hold([first, second])
    in_flight.give_back([first, second], {first.job.id: '{"step": 2}'})
    assert in_flight.take_settlements(10) == [
        ended(first, State.QUEUED, metadata='{"step": 2}'),
        ended(second, State.QUEUED),
    ]
    assert in_flight.take_stats() == ()
    assert in_flight.held == ()
