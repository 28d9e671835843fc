"""The small parts of fetching: mode, lease, room, prefetch."""

from __future__ import annotations

import pytest

from django_jobs.brokers.messages import Reply
from django_jobs.worker.fetch.mode import Changes, Lease, Mode, ModeSwitch
from django_jobs.worker.fetch.room import BATCH, MAX_AHEAD, Prefetch, Room
from tests.unit.worker.fetch.harness import Clock, FakeExecutors, Harness, make_claims

ORDERS = {"drain": ModeSwitch.drain, "quiet": ModeSwitch.quiet, "retire": ModeSwitch.retire}


@pytest.mark.parametrize(
    ("before", "order", "after"),
    [
        (Mode.RUNNING, "drain", Mode.DRAINING),
        (Mode.RUNNING, "quiet", Mode.QUIET),
        (Mode.RUNNING, "retire", Mode.RETIRING),
        (Mode.DRAINING, "drain", Mode.DRAINING),
        (Mode.DRAINING, "quiet", Mode.RETIRING),
        (Mode.DRAINING, "retire", Mode.RETIRING),
        (Mode.QUIET, "drain", Mode.RETIRING),
        (Mode.QUIET, "quiet", Mode.QUIET),
        (Mode.QUIET, "retire", Mode.RETIRING),
        (Mode.RETIRING, "drain", Mode.RETIRING),
        (Mode.RETIRING, "quiet", Mode.RETIRING),
        (Mode.CLOSING, "drain", Mode.CLOSING),
        (Mode.CLOSING, "quiet", Mode.CLOSING),
        (Mode.CLOSING, "retire", Mode.CLOSING),
    ],
)
def test_a_mode_never_goes_back(before: Mode, order: str, after: Mode) -> None:
    changes = Changes()
    switch = ModeSwitch(changes, before)
    ORDERS[order](switch)
    assert switch.current is after
    assert changes.count == 1


@pytest.mark.parametrize("before", Mode)
def test_every_mode_ends_in_closing(before: Mode) -> None:
    switch = ModeSwitch(Changes(), before)
    switch.close()
    assert switch.current is Mode.CLOSING
    assert not switch.takes_jobs


def test_a_lease_lasts_from_when_its_heartbeat_was_sent() -> None:
    clock, changes = Clock(), Changes()
    lease = Lease(20, changes, clock)
    assert not lease.holds()
    lease.renew(clock() - 1)
    assert changes.count == 1
    clock.advance(18.9)
    assert lease.holds()
    lease.renew(clock())
    assert changes.count == 1  # it held all the time
    clock.advance(20)
    assert not lease.holds()


def test_a_requested_heartbeat_is_sent_at_once() -> None:
    lease = Lease(20, Changes())
    lease.ask_for_beat()
    lease.ask_for_beat()
    lease.wait_for_beat(3600)
    lease.wait_for_beat(0.001)


def test_room_is_promised_once() -> None:
    executors = FakeExecutors(10)
    room = Room(executors)
    assert [room.promise(), room.promise(), room.promise(ahead=5), room.promise()] == [10, 0, 5, 0]
    executors.submit(make_claims(3))
    room.release(10)
    assert room.free() == 2  # ten threads, less three jobs that wait and five that are promised
    room.release(5)
    assert room.free() == 7


def test_a_call_takes_at_most_a_batch_and_what_the_worker_may_take() -> None:
    assert Room(FakeExecutors(1000)).promise() == BATCH
    room = Room(FakeExecutors(10), max_jobs=12)
    assert room.promise() == 10
    room.count_taken(10)
    room.release(10)
    assert room.promise(ahead=10) == 2
    assert not room.is_used_up
    room.count_taken(2)
    room.release(2)
    assert room.is_used_up
    room.count_taken(-1)
    assert room.promise() == 1


def test_the_prefetch_follows_the_number_of_finished_jobs() -> None:
    clock = Clock()
    prefetch = Prefetch(clock)
    assert prefetch.ahead == 0
    for finished, seconds, ahead in [(100, 0.1, 50), (10, 1.0, 0), (10**6, 0.1, MAX_AHEAD)]:
        clock.advance(seconds)
        prefetch.finished(finished)
        assert prefetch.ahead == pytest.approx(ahead, abs=1)
    prefetch.reset()
    assert prefetch.ahead == 0


def test_a_damaged_queue_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    intake = Harness().intake
    for queues in (("mail",), ("mail", "default"), ("mail",)):
        intake.accept(Reply(damaged=queues), 1)
    assert [one.args for one in caplog.records] == [("mail",), ("default",)]


def test_a_call_that_put_jobs_of_a_later_release_aside_has_not_seen_the_end_of_its_queues(
    harness: Harness,
) -> None:
    harness.outlook.update(Reply(newest_format=2), 5)
    assert not harness.outlook.empty

    harness.outlook.update(Reply(), 5)
    assert harness.outlook.empty
