"""The listener loop, step by step."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from django_jobs.brokers.messages import Reply, Take
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Settlement, State
from django_jobs.waits import LONGEST
from django_jobs.worker.backoff import PAUSES
from django_jobs.worker.fetch.listener import STUTTER
from django_jobs.worker.fetch.mode import Mode
from tests.support.builders import make_job
from tests.unit.worker.fetch.harness import Harness

AWAY = BrokerUnavailable("Redis does not answer.")


@pytest.fixture
def idle(harness: Harness) -> Harness:
    """A worker that has found the queues empty."""
    harness.find_empty()
    return harness


def test_it_listens_only_when_the_queues_are_known_to_be_empty(harness: Harness) -> None:
    assert harness.listener.step() == LONGEST
    assert harness.session.listens == []
    harness.find_empty()
    assert harness.listener.step() == 0
    assert harness.session.listens == [4]


def test_it_hands_jobs_to_the_executors_itself(idle: Harness) -> None:
    claims = idle.push(1)
    idle.listener.step()
    assert [*idle.executors.backlog] == claims
    assert idle.in_flight.held == tuple(claims)
    assert idle.room.taken == 1


def test_it_listens_for_free_threads_only(idle: Harness) -> None:
    idle.run_jobs(3)
    idle.outlook.empty = True
    idle.listener.step()
    assert idle.session.listens == [1]


def test_it_rests_while_every_thread_is_busy(idle: Harness) -> None:
    running, *_ = idle.run_jobs(4)
    idle.outlook.empty = True
    assert idle.listener.step() == LONGEST
    before = idle.changes.count
    idle.end(running)
    assert idle.changes.count > before
    idle.listener.step()
    assert idle.session.listens == [1]


def test_what_it_listens_for_is_promised_to_nobody_else(idle: Harness) -> None:
    seen: list[tuple[int, bool]] = []
    idle.session.on_listen = lambda: seen.append((idle.room.free(), idle.outlook.listening))
    idle.listener.step()
    assert seen == [(0, True)]
    assert idle.room.free() == 4
    assert not idle.outlook.listening


def test_it_rests_after_a_full_reply_and_the_exchange_loop_goes_on(idle: Harness) -> None:
    idle.push(5)
    before = idle.changes.count
    idle.listener.step()
    assert idle.changes.count > before
    assert idle.listener.step() == LONGEST


def test_it_wakes_the_exchange_loop_only_if_there_is_something_to_do(idle: Harness) -> None:
    idle.push(1)
    before = idle.changes.count
    idle.listener.step()
    assert idle.changes.count == before
    idle.session.due_in = 10
    idle.listener.step()
    assert idle.changes.count > before


@pytest.mark.parametrize("mode", [Mode.DRAINING, Mode.QUIET, Mode.RETIRING, Mode.CLOSING])
def test_it_listens_in_no_other_mode(idle: Harness, mode: Mode) -> None:
    idle.mode.current = mode
    assert idle.listener.step() == LONGEST
    assert idle.session.listens == []


def test_a_mode_that_changes_just_before_a_listen_prevents_it(idle: Harness) -> None:
    free = idle.room.free

    def quiet_behind_the_first_look(ahead: int = 0) -> int:
        idle.mode.quiet()
        return free(ahead)

    idle.room.free = quiet_behind_the_first_look  # type: ignore[method-assign]
    before = idle.changes.count
    assert idle.listener.step() == LONGEST
    assert idle.session.listens == []
    assert not idle.outlook.listening
    assert idle.changes.count > before + 1  # the loop that may have waited for its end hears of it


def test_it_does_not_listen_without_the_lease(idle: Harness) -> None:
    idle.lease.end()
    assert idle.listener.step() == LONGEST
    assert idle.session.listens == []


def test_jobs_that_come_when_the_lease_is_over_go_back(idle: Harness) -> None:
    (claim,) = idle.push(1)
    idle.session.on_listen = lambda: idle.clock.advance(idle.lease.seconds)
    idle.listener.step()
    assert not idle.executors.backlog
    idle.settle_down()
    assert idle.settled == [(claim.job.id, State.QUEUED)]


def test_jobs_that_come_when_the_worker_is_quiet_go_back(idle: Harness) -> None:
    (claim,) = idle.push(1)
    idle.session.on_listen = idle.mode.quiet
    idle.listener.step()
    assert not idle.executors.backlog
    idle.settle_down()
    assert idle.settled == [(claim.job.id, State.QUEUED)]


def test_a_worker_of_every_queue_finds_a_new_one_after_a_listen(harness: Harness) -> None:
    harness.serve()
    harness.find_empty()
    harness.session.on_listen = lambda: harness.broker.push([make_job(queue="new")])
    harness.listener.step()
    claims = harness.push(1)
    assert not harness.outlook.empty
    harness.settle_down()
    assert [*harness.executors.backlog] == claims


# --- what goes wrong -------------------------------------------------------------------------


def test_after_a_failure_the_exchange_loop_looks_and_there_is_a_heartbeat(
    idle: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    idle.session.errors = [AWAY]
    idle.listener.step()
    assert idle.wants_beat
    assert idle.room.promised == 0
    assert idle.listener.step() == pytest.approx(PAUSES[0])
    idle.settle_down()
    assert idle.sent == [(0, 4)]
    assert caplog.text == ""  # the exchange loop would have said it


def test_a_listen_that_keeps_failing_while_other_calls_pass_is_reported(
    idle: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    for pause in (PAUSES[0], PAUSES[1]):
        idle.session.errors = [AWAY]
        idle.listener.step()
        idle.settle_down()
        idle.clock.advance(pause)
    idle.listener.step()
    assert [record.getMessage() for record in caplog.records] == [
        f"Can't listen for jobs at the moment, and will keep trying: {AWAY}",
        "Can listen for jobs again, after 2 failures.",
    ]


def test_a_fault_of_ours_gives_the_room_back(idle: Harness) -> None:
    idle.session.errors = [RuntimeError("a fault of ours")]
    with pytest.raises(RuntimeError, match="a fault of ours"):
        idle.listener.step()
    assert idle.room.promised == 0
    assert not idle.outlook.listening


def test_listens_that_end_at_once_for_nothing_are_followed_by_a_pause(idle: Harness) -> None:
    assert [idle.listener.step() for _ in range(2)] == [0, 0]
    assert idle.listener.step() == pytest.approx(STUTTER)
    idle.clock.advance(STUTTER)
    assert idle.listener.step() == 0


def test_listens_that_bring_jobs_or_take_time_are_followed_by_the_next_one(idle: Harness) -> None:
    idle.push(1)
    idle.listener.step()
    idle.listener.step()
    idle.session.on_listen = lambda: idle.clock.advance(10)
    idle.listener.step()
    idle.session.on_listen = lambda: None
    idle.listener.step()
    assert idle.listener.step() == 0
    assert len(idle.session.listens) == 5


def test_a_broker_that_knows_no_lease_is_sent_a_heartbeat_first(idle: Harness) -> None:
    idle.session.knows_lease = False
    idle.listener.step()
    assert idle.wants_beat
    assert idle.listener.step() == LONGEST
    idle.session.knows_lease = True
    idle.lease.renew(idle.clock())
    idle.settle_down()
    assert idle.sent == [(0, 4)]  # it looks before anybody waits again


def test_it_ends_when_the_worker_closes(idle: Harness) -> None:
    idle.session.on_listen = idle.mode.close
    idle.listener.run()
    assert idle.session.listens == [4]


def test_a_wake_up_for_a_new_queue_is_passed_on_although_the_worker_closes(
    harness: Harness,
) -> None:
    harness.serve()
    harness.find_empty()
    quotas: list[str] = []
    answer = harness.session.answer

    def remember(settlements: Sequence[Settlement], take: Take) -> Reply:
        quotas.extend(quota.queue for quota in take.quotas)
        return answer(settlements, take)

    def push_and_close() -> None:
        harness.broker.push([make_job(queue="new")])
        harness.mode.close()

    harness.session.answer = remember  # type: ignore[method-assign]
    harness.session.on_listen = push_and_close
    harness.listener.step()
    harness.exchange.run()
    assert harness.sent == [(0, 0)]
    assert quotas == ["new"]  # whose jobs that call wakes others for
