"""The exchange loop, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from django_jobs.brokers.messages import Reply, Take
from django_jobs.conf.queues import QueueWeight
from django_jobs.errors import BrokerError, BrokerUnavailable
from django_jobs.jobs.records import Settlement, State
from django_jobs.worker.backoff import PAUSES
from django_jobs.worker.fetch.exchange import ENDING
from django_jobs.worker.fetch.mode import Mode
from django_jobs.worker.fetch.reasons import FLUSH, LOOK_AGAIN
from django_jobs.worker.fetch.room import BATCH
from tests.support.builders import make_job
from tests.support.driver import ids
from tests.unit.worker.fetch.harness import Harness

AWAY = BrokerUnavailable("Redis does not answer.")


# --- what is claimed -------------------------------------------------------------------------


def test_it_looks_at_the_queues_before_anybody_waits_for_jobs(harness: Harness) -> None:
    harness.settle_down()
    assert harness.sent == [(0, 4)]
    assert harness.outlook.empty


def test_jobs_go_to_the_executors_in_their_order(harness: Harness) -> None:
    claims = harness.push(3)
    harness.settle_down()
    assert [*harness.executors.backlog] == claims
    assert harness.room.taken == 3


def test_it_asks_for_no_more_jobs_than_there_are_free_threads(harness: Harness) -> None:
    harness.push(10)
    harness.settle_down()
    assert harness.sent == [(0, 4)]
    harness.executors.begin()
    harness.settle_down()
    assert harness.sent == [(0, 4)]


def test_two_calls_at_most_are_under_way_and_no_room_is_promised_twice(harness: Harness) -> None:
    promised: list[int] = []
    harness.session.on_send = lambda: promised.append(harness.room.promised)
    harness.exchange._reasons.prefetch.ahead = 400  # noqa: SLF001 (as after thousands of tiny jobs)
    harness.push(1000)
    for _ in range(3):
        harness.exchange.step()
    assert harness.sent == [(0, BATCH)] * 2
    assert promised == [BATCH, 2 * BATCH]
    assert harness.room.promised == BATCH  # the third step has read the first reply

    harness.settle_down()
    assert harness.room.promised == 0
    assert len(harness.executors.backlog) <= 404


def test_a_short_reply_ends_the_rush(harness: Harness) -> None:
    harness.push(3)
    harness.settle_down()
    harness.executors.begin()
    harness.settle_down()
    assert harness.sent == [(0, 4)]


def test_while_the_listener_listens_it_takes_nothing(harness: Harness) -> None:
    running, _ = harness.run_jobs(2)
    harness.outlook.listening = True
    harness.end(running)
    harness.clock.advance(2 * FLUSH)
    harness.settle_down()
    assert harness.sent == [(1, 0)]


def test_after_a_full_reply_of_the_listener_it_takes_what_is_left(harness: Harness) -> None:
    harness.find_empty()
    claims = harness.push(6)
    harness.listener.step()
    assert harness.session.listens == [4]
    assert [*harness.executors.backlog] == claims[:4]
    harness.executors.begin()
    harness.end(claims[0])
    harness.settle_down()
    assert ids(harness.executors.backlog) == ids(claims[4:5])


def test_a_worker_takes_no_more_jobs_than_it_may() -> None:
    harness = Harness(max_jobs=3)
    harness.push(10)
    harness.settle_down()
    assert harness.sent == [(0, 3)]
    harness.executors.begin()
    for claim in [*harness.executors.at_work]:
        assert not harness.finished.is_set()
        harness.end(claim)
        harness.settle_down()
    assert harness.finished.is_set()
    assert len(harness.session.waiting) == 7


def test_jobs_that_were_given_back_do_not_count() -> None:
    harness = Harness(max_jobs=3)
    harness.push(3)
    harness.settle_down()
    harness.executors.hoarded = True
    harness.exchange.step()
    harness.executors.hoarded = False
    assert harness.room.taken == 0
    assert not harness.finished.is_set()


# --- what is settled -------------------------------------------------------------------------


def test_a_settlement_waits_a_moment_for_others(harness: Harness) -> None:
    first, second, _ = harness.run_jobs(3)
    harness.outlook.listening = True  # else a thread that is free wants the next job at once
    harness.room.promise()
    harness.end(first)
    pause = harness.settle_down()
    assert 0 < pause <= FLUSH
    harness.end(second)
    harness.settle_down()
    assert harness.sent == []

    harness.clock.advance(2 * FLUSH)
    harness.settle_down()
    assert harness.sent == [(2, 0)]


def test_the_last_settlement_of_all_waits_for_nobody(harness: Harness) -> None:
    (only,) = harness.run_jobs(1)
    harness.outlook.listening = True
    harness.end(only)
    harness.settle_down()
    assert harness.sent == [(1, 0)]


def test_a_free_thread_asks_for_its_next_job_at_once(harness: Harness) -> None:
    first, *_ = harness.run_jobs(4)
    harness.end(first)
    harness.settle_down()
    assert harness.sent == [(1, 1)]


def test_settlements_travel_in_batches(harness: Harness) -> None:
    harness.executors.threads = 2 * BATCH + 2
    claims = harness.run_jobs(2 * BATCH + 1)
    for claim in claims[:-1]:
        harness.end(claim)
    harness.outlook.listening = True
    harness.settle_down()
    assert [settlements for settlements, _ in harness.sent] == [BATCH, BATCH]


def test_it_is_woken_for_the_first_settlement_and_when_there_are_enough(harness: Harness) -> None:
    harness.executors.threads = 2 * BATCH
    claims = harness.run_jobs(2 * BATCH)
    harness.outlook.listening = True
    harness.room.promised = 1
    harness.settle_down()
    woken: list[int] = []
    for number, claim in enumerate(claims[:-1], 1):
        before = harness.changes.count
        harness.end(claim)
        if harness.changes.count > before:
            woken.append(number)
            harness.settle_down()
    assert woken == [1, BATCH, BATCH + 1]


def test_jobs_that_wait_for_too_long_here_go_back(harness: Harness) -> None:
    claims = harness.push(2)
    harness.settle_down()
    harness.executors.hoarded = True
    harness.settle_down()
    assert harness.settled == [(claim.job.id, State.QUEUED) for claim in claims]
    assert harness.room.taken == 0


def test_refused_settlements_are_logged(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = harness.run_jobs(1)
    answer = harness.session.answer

    def refuse(settlements: Sequence[Settlement], take: Take) -> Reply:
        reply = answer(settlements, take)
        return replace(reply, refused=tuple(one.job_id for one in settlements))

    monkeypatch.setattr(harness.session, "answer", refuse)
    harness.end(only)
    harness.settle_down()
    assert f"given to other workers: {only.job.id}" in caplog.text


# --- jobs that are due -----------------------------------------------------------------------


def test_it_calls_when_a_job_is_due_also_while_the_listener_listens(harness: Harness) -> None:
    harness.session.due_in = 2000
    harness.find_empty()
    harness.outlook.listening = True
    assert harness.settle_down() == pytest.approx(2.0)
    assert harness.sent == []

    harness.session.due_in = None
    harness.clock.advance(2.0)
    harness.settle_down()
    assert harness.sent == [(0, 0)]


def test_it_calls_when_a_job_is_due_without_a_free_thread(harness: Harness) -> None:
    harness.session.due_in = 2000
    harness.run_jobs(4)
    harness.clock.advance(2.0)
    harness.session.due_in = None
    harness.settle_down()
    assert harness.sent == [(0, 0)]


def test_the_earliest_of_two_times_counts(harness: Harness) -> None:
    harness.session.due_in = 5000
    harness.find_empty()
    harness.session.due_in = 1000
    harness.listener.step()
    assert harness.settle_down() == pytest.approx(1.0)


# --- the end of a worker ---------------------------------------------------------------------


def test_a_worker_that_drains_is_finished_when_a_look_finds_nothing() -> None:
    harness = Harness(mode=Mode.DRAINING)
    (claim,) = harness.push(1)
    harness.settle_down()
    harness.executors.begin()
    harness.settle_down()
    assert not harness.finished.is_set()
    harness.end(claim)
    harness.settle_down()
    assert harness.finished.is_set()
    assert harness.sent[-1] == (1, 4)


def test_a_drain_looks_at_queues_that_were_empty_before(harness: Harness) -> None:
    harness.find_empty()
    claims = harness.push(1)
    harness.mode.drain()
    harness.settle_down()
    assert [*harness.executors.backlog] == claims
    assert not harness.finished.is_set()


def test_a_drain_waits_for_the_listener(harness: Harness) -> None:
    harness.find_empty()
    harness.outlook.listening = True
    harness.mode.drain()
    harness.settle_down()
    assert harness.session.interrupts == 1
    assert not harness.finished.is_set()
    harness.outlook.listening = False
    harness.settle_down()
    assert harness.finished.is_set()


def test_a_drain_runs_what_running_jobs_enqueue() -> None:
    harness = Harness(mode=Mode.DRAINING)
    harness.push(1)
    harness.settle_down()
    harness.executors.begin()
    harness.settle_down()
    children = harness.push(1)
    pause = harness.settle_down()
    assert pause <= LOOK_AGAIN
    harness.clock.advance(LOOK_AGAIN)
    harness.settle_down()
    assert [*harness.executors.backlog] == children


def test_a_drain_runs_a_job_again_that_asks_for_it_at_once() -> None:
    harness = Harness(mode=Mode.DRAINING)
    (claim,) = harness.push(1)
    harness.settle_down()
    harness.executors.begin()
    harness.end(claim)
    harness.session.waiting.append(claim)  # which the call that settles it brings
    harness.settle_down()
    assert not harness.finished.is_set()
    harness.executors.begin()
    harness.end(claim)
    harness.settle_down()
    assert harness.finished.is_set()


def test_a_quiet_worker_takes_nothing_and_goes_on(harness: Harness) -> None:
    (claim,) = harness.run_jobs(1)
    harness.push(1)
    assert harness.mode.quiet()
    harness.end(claim)
    harness.settle_down()
    assert harness.sent == [(1, 0)]
    assert not harness.finished.is_set()


@pytest.mark.parametrize("mode", [Mode.RUNNING, Mode.DRAINING, Mode.QUIET])
def test_a_worker_that_retires_is_finished_with_its_last_job(mode: Mode) -> None:
    harness = Harness(mode=Mode.RUNNING)
    (claim,) = harness.run_jobs(1)
    harness.mode.current = mode
    harness.push(1)
    harness.mode.retire()
    harness.settle_down()
    assert not harness.finished.is_set()
    harness.end(claim)
    harness.settle_down()
    assert harness.finished.is_set()
    assert len(harness.session.waiting) == 1


def test_a_new_mode_ends_the_listen_once(harness: Harness) -> None:
    harness.find_empty()
    harness.outlook.listening = True
    harness.settle_down()
    assert harness.session.interrupts == 0
    harness.mode.quiet()
    harness.settle_down()
    harness.mode.close()
    harness.settle_down()
    assert harness.session.interrupts == 1


def test_a_listen_that_can_not_be_interrupted_stops_nothing(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AWAY

    harness.find_empty()
    monkeypatch.setattr(harness.session, "interrupt", fail)
    harness.outlook.listening = True
    harness.mode.quiet()
    harness.settle_down()
    assert "ends by itself in up to 10 s" in caplog.text


def test_jobs_that_arrive_just_as_the_worker_becomes_quiet_go_back(harness: Harness) -> None:
    claims = harness.push(1)
    harness.session.on_send = harness.mode.quiet
    harness.settle_down()
    assert not harness.executors.backlog
    assert harness.settled == [(claims[0].job.id, State.QUEUED)]


def test_jobs_that_are_handed_over_just_as_the_worker_becomes_quiet_go_back(
    harness: Harness,
) -> None:
    claims = harness.push(1)
    harness.executors.on_submit = harness.mode.quiet
    harness.settle_down()
    assert harness.settled == [(claims[0].job.id, State.QUEUED)]


def test_it_ends_with_everything_sent(harness: Harness) -> None:
    first, second = harness.run_jobs(2)
    harness.mode.close()
    harness.end(first)
    harness.end(second)
    harness.exchange.run()
    assert harness.sent == [(2, 0)]


def test_it_ends_although_something_is_unsent_and_says_so(
    harness: Harness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (claim,) = harness.run_jobs(1)
    harness.session.errors = [AWAY] * 1000
    monkeypatch.setattr(harness.changes, "wait", lambda _, seconds: harness.clock.advance(seconds))
    began = harness.clock.now
    harness.mode.close()
    harness.end(claim)
    harness.exchange.run()
    assert harness.clock.now - began == pytest.approx(ENDING)
    assert len(harness.sent) < 20
    assert "1 ended attempts could not be reported: their jobs may run again." in caplog.text


def test_its_end_cuts_a_long_pause_short(harness: Harness) -> None:
    (claim,) = harness.run_jobs(1)
    harness.session.errors = [AWAY] * 12
    harness.end(claim)
    for _ in range(8):
        harness.clock.advance(harness.settle_down())
    assert harness.settle_down() > 0
    harness.session.errors.clear()
    harness.mode.close()
    harness.settle_down()
    assert harness.settled == [(claim.job.id, State.SUCCEEDED)]


# --- a broker that fails ---------------------------------------------------------------------


def test_a_call_that_fails_is_followed_by_a_pause_and_a_heartbeat(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    (claim,) = harness.run_jobs(1)
    assert not harness.wants_beat
    harness.session.errors = [AWAY]
    harness.end(claim)
    assert harness.settle_down() == pytest.approx(PAUSES[0])
    assert harness.wants_beat
    assert harness.settled == []

    harness.clock.advance(PAUSES[0])
    harness.settle_down()
    assert harness.settled == [(claim.job.id, State.SUCCEEDED)]
    assert [record.getMessage() for record in caplog.records] == [
        f"Can't settle or claim jobs at the moment, and will keep trying: {AWAY}",
        "Can settle or claim jobs again, after 1 failures.",
    ]


def test_a_call_that_fails_gives_its_room_back(harness: Harness) -> None:
    harness.session.errors = [AWAY]
    harness.settle_down()
    assert harness.room.promised == 0
    claims = harness.push(2)
    harness.clock.advance(PAUSES[0])
    harness.settle_down()
    assert [*harness.executors.backlog] == claims


def test_the_other_call_under_way_is_heard_before_the_pause(harness: Harness) -> None:
    harness.exchange._reasons.prefetch.ahead = 400  # noqa: SLF001 (as after thousands of tiny jobs)
    claims = harness.push(1000)
    for _ in range(2):
        harness.exchange.step()
    harness.session.errors = [AWAY]
    assert harness.settle_down() == pytest.approx(PAUSES[0])
    assert len(harness.sent) == 2
    assert [*harness.executors.backlog] == claims[:BATCH]
    assert harness.room.promised == 0


def test_it_looks_again_after_an_outage_without_a_free_thread(harness: Harness) -> None:
    running, *_ = harness.run_jobs(4)
    harness.session.errors = [AWAY]
    harness.end(running)
    harness.executors.threads = 3
    harness.clock.advance(harness.settle_down())
    harness.session.due_in = 1000
    assert harness.settle_down() == pytest.approx(1.0)


@pytest.mark.parametrize("fails_in", ["send", "result"])
def test_a_fault_of_ours_loses_no_settlement_and_no_room(harness: Harness, fails_in: str) -> None:
    (claim,) = harness.run_jobs(1)
    harness.end(claim)
    if fails_in == "result":
        harness.session.errors = [RuntimeError("a fault of ours")]
    else:

        def fail() -> None:
            harness.session.on_send = lambda: None
            raise RuntimeError("a fault of ours")

        harness.session.on_send = fail
    with pytest.raises(RuntimeError, match="a fault of ours"):
        harness.settle_down()
    assert harness.room.promised == 0
    harness.settle_down()
    assert harness.settled == [(claim.job.id, State.SUCCEEDED)]


def test_a_broker_that_knows_no_lease_is_sent_a_heartbeat_first(harness: Harness) -> None:
    harness.session.knows_lease = False
    harness.push(1)
    harness.settle_down()
    assert harness.wants_beat
    assert not harness.lease.holds()
    assert len(harness.sent) == 1

    harness.session.knows_lease = True
    harness.lease.renew(harness.clock())
    harness.settle_down()
    assert len(harness.executors.backlog) == 1


def test_a_worker_without_its_lease_takes_nothing(harness: Harness) -> None:
    harness.clock.advance(20.0)
    harness.push(1)
    harness.settle_down()
    assert harness.sent == []
    before = harness.changes.count
    harness.lease.renew(harness.clock())
    assert harness.changes.count > before
    harness.settle_down()
    assert harness.sent[0] == (0, 4)


# --- queues ----------------------------------------------------------------------------------


def test_a_worker_of_every_queue_that_drains_looks_for_new_ones(harness: Harness) -> None:
    asked: list[int] = []
    harness.serve()
    harness.session.on_send = lambda: asked.append(1)
    harness.find_empty()
    harness.broker.push([make_job(queue="new")])
    harness.mode.drain()
    harness.push(1)
    harness.settle_down()
    assert len(harness.executors.backlog) == 1


def test_a_list_of_queues_that_can_not_be_read_is_an_outage(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[str]:
        raise AWAY

    harness.serve()
    with monkeypatch.context() as patch:
        patch.setattr(harness.broker.inspection, "queue_names", fail)
        assert harness.settle_down() == pytest.approx(PAUSES[0])
    assert harness.room.promised == 0
    harness.clock.advance(PAUSES[0])
    harness.settle_down()
    assert len(harness.sent) == 1


def test_named_queues_are_never_looked_for(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[str]:
        raise BrokerError("Nobody should ask.")

    monkeypatch.setattr(harness.broker.inspection, "queue_names", fail)
    harness.serve(QueueWeight("a", 2), QueueWeight("b"))
    harness.settle_down()
    harness.listener.step()
    assert len(harness.sent) == 1
    assert harness.session.listens == [4]
