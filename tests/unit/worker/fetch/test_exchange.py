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
from tests.support.driver import ids, make_job
from tests.unit.worker.fetch.stage import Stage

AWAY = BrokerUnavailable("Redis does not answer.")


# --- what is claimed -------------------------------------------------------------------------


def test_it_looks_at_the_queues_before_anybody_waits_for_jobs(stage: Stage) -> None:
    stage.settle_down()
    assert stage.sent == [(0, 4)]
    assert stage.outlook.empty


def test_jobs_go_to_the_executors_in_their_order(stage: Stage) -> None:
    claims = stage.push(3)
    stage.settle_down()
    assert [*stage.executors.backlog] == claims
    assert stage.room.taken == 3


def test_it_asks_for_no_more_jobs_than_there_are_free_threads(stage: Stage) -> None:
    stage.push(10)
    stage.settle_down()
    assert stage.sent == [(0, 4)]
    stage.executors.begin()
    stage.settle_down()
    assert stage.sent == [(0, 4)]


def test_two_calls_at_most_are_under_way_and_no_room_is_promised_twice(stage: Stage) -> None:
    promised: list[int] = []
    stage.session.on_send = lambda: promised.append(stage.room.promised)
    stage.exchange._reasons.prefetch.ahead = 400  # noqa: SLF001 (as after thousands of tiny jobs)
    stage.push(1000)
    for _ in range(3):
        stage.exchange.step()
    assert stage.sent == [(0, BATCH)] * 2
    assert promised == [BATCH, 2 * BATCH]
    assert stage.room.promised == BATCH  # the third step has read the first reply

    stage.settle_down()
    assert stage.room.promised == 0
    assert len(stage.executors.backlog) <= 404


def test_a_short_reply_ends_the_rush(stage: Stage) -> None:
    stage.push(3)
    stage.settle_down()
    stage.executors.begin()
    stage.settle_down()
    assert stage.sent == [(0, 4)]


def test_while_the_listener_listens_it_takes_nothing(stage: Stage) -> None:
    running, _ = stage.run_jobs(2)
    stage.outlook.listening = True
    stage.end(running)
    stage.clock.advance(2 * FLUSH)
    stage.settle_down()
    assert stage.sent == [(1, 0)]


def test_after_a_full_reply_of_the_listener_it_takes_what_is_left(stage: Stage) -> None:
    stage.find_empty()
    claims = stage.push(6)
    stage.listener.step()
    assert stage.session.listens == [4]
    assert [*stage.executors.backlog] == claims[:4]
    stage.executors.begin()
    stage.end(claims[0])
    stage.settle_down()
    assert ids(stage.executors.backlog) == ids(claims[4:5])


def test_a_worker_takes_no_more_jobs_than_it_may() -> None:
    stage = Stage(max_jobs=3)
    stage.push(10)
    stage.settle_down()
    assert stage.sent == [(0, 3)]
    stage.executors.begin()
    for claim in [*stage.executors.at_work]:
        assert not stage.finished.is_set()
        stage.end(claim)
        stage.settle_down()
    assert stage.finished.is_set()
    assert len(stage.session.waiting) == 7


def test_jobs_that_were_given_back_do_not_count() -> None:
    stage = Stage(max_jobs=3)
    stage.push(3)
    stage.settle_down()
    stage.executors.hoarded = True
    stage.exchange.step()
    stage.executors.hoarded = False
    assert stage.room.taken == 0
    assert not stage.finished.is_set()


# --- what is settled -------------------------------------------------------------------------


def test_a_settlement_waits_a_moment_for_others(stage: Stage) -> None:
    first, second, _ = stage.run_jobs(3)
    stage.outlook.listening = True  # else a thread that is free wants the next job at once
    stage.room.promise()
    stage.end(first)
    pause = stage.settle_down()
    assert 0 < pause <= FLUSH
    stage.end(second)
    stage.settle_down()
    assert stage.sent == []

    stage.clock.advance(2 * FLUSH)
    stage.settle_down()
    assert stage.sent == [(2, 0)]


def test_the_last_settlement_of_all_waits_for_nobody(stage: Stage) -> None:
    (only,) = stage.run_jobs(1)
    stage.outlook.listening = True
    stage.end(only)
    stage.settle_down()
    assert stage.sent == [(1, 0)]


def test_a_free_thread_asks_for_its_next_job_at_once(stage: Stage) -> None:
    first, *_ = stage.run_jobs(4)
    stage.end(first)
    stage.settle_down()
    assert stage.sent == [(1, 1)]


def test_settlements_travel_in_batches(stage: Stage) -> None:
    stage.executors.threads = 2 * BATCH + 2
    claims = stage.run_jobs(2 * BATCH + 1)
    for claim in claims[:-1]:
        stage.end(claim)
    stage.outlook.listening = True
    stage.settle_down()
    assert [settlements for settlements, _ in stage.sent] == [BATCH, BATCH]


def test_it_is_woken_for_the_first_settlement_and_when_there_are_enough(stage: Stage) -> None:
    stage.executors.threads = 2 * BATCH
    claims = stage.run_jobs(2 * BATCH)
    stage.outlook.listening = True
    stage.room.promised = 1
    stage.settle_down()
    woken: list[int] = []
    for number, claim in enumerate(claims[:-1], 1):
        before = stage.changes.count
        stage.end(claim)
        if stage.changes.count > before:
            woken.append(number)
            stage.settle_down()
    assert woken == [1, BATCH, BATCH + 1]


def test_jobs_that_wait_for_too_long_here_go_back(stage: Stage) -> None:
    claims = stage.push(2)
    stage.settle_down()
    stage.executors.hoarded = True
    stage.settle_down()
    assert stage.settled == [(claim.job.id, State.QUEUED) for claim in claims]
    assert stage.room.taken == 0


def test_refused_settlements_are_logged(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = stage.run_jobs(1)
    answer = stage.session.answer

    def refuse(settlements: Sequence[Settlement], take: Take) -> Reply:
        reply = answer(settlements, take)
        return replace(reply, refused=tuple(one.job_id for one in settlements))

    monkeypatch.setattr(stage.session, "answer", refuse)
    stage.end(only)
    stage.settle_down()
    assert f"given to other workers: {only.job.id}" in caplog.text


# --- jobs that are due -----------------------------------------------------------------------


def test_it_calls_when_a_job_is_due_also_while_the_listener_listens(stage: Stage) -> None:
    stage.session.due_in = 2000
    stage.find_empty()
    stage.outlook.listening = True
    assert stage.settle_down() == pytest.approx(2.0)
    assert stage.sent == []

    stage.session.due_in = None
    stage.clock.advance(2.0)
    stage.settle_down()
    assert stage.sent == [(0, 0)]


def test_it_calls_when_a_job_is_due_without_a_free_thread(stage: Stage) -> None:
    stage.session.due_in = 2000
    stage.run_jobs(4)
    stage.clock.advance(2.0)
    stage.session.due_in = None
    stage.settle_down()
    assert stage.sent == [(0, 0)]


def test_the_earliest_of_two_times_counts(stage: Stage) -> None:
    stage.session.due_in = 5000
    stage.find_empty()
    stage.session.due_in = 1000
    stage.listener.step()
    assert stage.settle_down() == pytest.approx(1.0)


# --- the end of a worker ---------------------------------------------------------------------


def test_a_worker_that_drains_is_finished_when_a_look_finds_nothing() -> None:
    stage = Stage(mode=Mode.DRAINING)
    (claim,) = stage.push(1)
    stage.settle_down()
    stage.executors.begin()
    stage.settle_down()
    assert not stage.finished.is_set()
    stage.end(claim)
    stage.settle_down()
    assert stage.finished.is_set()
    assert stage.sent[-1] == (1, 4)


def test_a_drain_looks_at_queues_that_were_empty_before(stage: Stage) -> None:
    stage.find_empty()
    claims = stage.push(1)
    stage.mode.drain()
    stage.settle_down()
    assert [*stage.executors.backlog] == claims
    assert not stage.finished.is_set()


def test_a_drain_waits_for_the_listener(stage: Stage) -> None:
    stage.find_empty()
    stage.outlook.listening = True
    stage.mode.drain()
    stage.settle_down()
    assert stage.session.interrupts == 1
    assert not stage.finished.is_set()
    stage.outlook.listening = False
    stage.settle_down()
    assert stage.finished.is_set()


def test_a_drain_runs_what_running_jobs_enqueue() -> None:
    stage = Stage(mode=Mode.DRAINING)
    stage.push(1)
    stage.settle_down()
    stage.executors.begin()
    stage.settle_down()
    children = stage.push(1)
    pause = stage.settle_down()
    assert pause <= LOOK_AGAIN
    stage.clock.advance(LOOK_AGAIN)
    stage.settle_down()
    assert [*stage.executors.backlog] == children


def test_a_drain_runs_a_job_again_that_asks_for_it_at_once() -> None:
    stage = Stage(mode=Mode.DRAINING)
    (claim,) = stage.push(1)
    stage.settle_down()
    stage.executors.begin()
    stage.end(claim)
    stage.session.waiting.append(claim)  # which the call that settles it brings
    stage.settle_down()
    assert not stage.finished.is_set()
    stage.executors.begin()
    stage.end(claim)
    stage.settle_down()
    assert stage.finished.is_set()


def test_a_quiet_worker_takes_nothing_and_goes_on(stage: Stage) -> None:
    (claim,) = stage.run_jobs(1)
    stage.push(1)
    assert stage.mode.quiet()
    stage.end(claim)
    stage.settle_down()
    assert stage.sent == [(1, 0)]
    assert not stage.finished.is_set()


@pytest.mark.parametrize("mode", [Mode.RUNNING, Mode.DRAINING, Mode.QUIET])
def test_a_worker_that_retires_is_finished_with_its_last_job(mode: Mode) -> None:
    stage = Stage(mode=Mode.RUNNING)
    (claim,) = stage.run_jobs(1)
    stage.mode.current = mode
    stage.push(1)
    stage.mode.retire()
    stage.settle_down()
    assert not stage.finished.is_set()
    stage.end(claim)
    stage.settle_down()
    assert stage.finished.is_set()
    assert len(stage.session.waiting) == 1


def test_a_new_mode_ends_the_listen_once(stage: Stage) -> None:
    stage.find_empty()
    stage.outlook.listening = True
    stage.settle_down()
    assert stage.session.interrupts == 0
    stage.mode.quiet()
    stage.settle_down()
    stage.mode.close()
    stage.settle_down()
    assert stage.session.interrupts == 1


def test_a_listen_that_can_not_be_interrupted_stops_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise AWAY

    stage.find_empty()
    monkeypatch.setattr(stage.session, "interrupt", fail)
    stage.outlook.listening = True
    stage.mode.quiet()
    stage.settle_down()
    assert "ends by itself in up to 10 s" in caplog.text


def test_jobs_that_arrive_just_as_the_worker_becomes_quiet_go_back(stage: Stage) -> None:
    claims = stage.push(1)
    stage.session.on_send = stage.mode.quiet
    stage.settle_down()
    assert not stage.executors.backlog
    assert stage.settled == [(claims[0].job.id, State.QUEUED)]


def test_jobs_that_are_handed_over_just_as_the_worker_becomes_quiet_go_back(stage: Stage) -> None:
    claims = stage.push(1)
    stage.executors.on_submit = stage.mode.quiet
    stage.settle_down()
    assert stage.settled == [(claims[0].job.id, State.QUEUED)]


def test_it_ends_with_everything_sent(stage: Stage) -> None:
    first, second = stage.run_jobs(2)
    stage.mode.close()
    stage.end(first)
    stage.end(second)
    stage.exchange.run()
    assert stage.sent == [(2, 0)]


def test_it_ends_although_something_is_unsent_and_says_so(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (claim,) = stage.run_jobs(1)
    stage.session.errors = [AWAY] * 1000
    monkeypatch.setattr(stage.changes, "wait", lambda _, seconds: stage.clock.advance(seconds))
    began = stage.clock.now
    stage.mode.close()
    stage.end(claim)
    stage.exchange.run()
    assert stage.clock.now - began == pytest.approx(ENDING)
    assert len(stage.sent) < 20
    assert "1 ended attempts could not be reported: their jobs may run again." in caplog.text


def test_its_end_cuts_a_long_pause_short(stage: Stage) -> None:
    (claim,) = stage.run_jobs(1)
    stage.session.errors = [AWAY] * 12
    stage.end(claim)
    for _ in range(8):
        stage.clock.advance(stage.settle_down())
    assert stage.settle_down() > 0
    stage.session.errors.clear()
    stage.mode.close()
    stage.settle_down()
    assert stage.settled == [(claim.job.id, State.SUCCEEDED)]


# --- a broker that fails ---------------------------------------------------------------------


def test_a_call_that_fails_is_followed_by_a_pause_and_a_heartbeat(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    (claim,) = stage.run_jobs(1)
    assert not stage.wants_beat
    stage.session.errors = [AWAY]
    stage.end(claim)
    assert stage.settle_down() == pytest.approx(PAUSES[0])
    assert stage.wants_beat
    assert stage.settled == []

    stage.clock.advance(PAUSES[0])
    stage.settle_down()
    assert stage.settled == [(claim.job.id, State.SUCCEEDED)]
    assert [record.getMessage() for record in caplog.records] == [
        f"Can't settle or claim jobs at the moment, and will keep trying: {AWAY}",
        "Can settle or claim jobs again, after 1 failures.",
    ]


def test_a_call_that_fails_gives_its_room_back(stage: Stage) -> None:
    stage.session.errors = [AWAY]
    stage.settle_down()
    assert stage.room.promised == 0
    claims = stage.push(2)
    stage.clock.advance(PAUSES[0])
    stage.settle_down()
    assert [*stage.executors.backlog] == claims


def test_the_other_call_under_way_is_heard_before_the_pause(stage: Stage) -> None:
    stage.exchange._reasons.prefetch.ahead = 400  # noqa: SLF001 (as after thousands of tiny jobs)
    claims = stage.push(1000)
    for _ in range(2):
        stage.exchange.step()
    stage.session.errors = [AWAY]
    assert stage.settle_down() == pytest.approx(PAUSES[0])
    assert len(stage.sent) == 2
    assert [*stage.executors.backlog] == claims[:BATCH]
    assert stage.room.promised == 0


def test_it_looks_again_after_an_outage_without_a_free_thread(stage: Stage) -> None:
    running, *_ = stage.run_jobs(4)
    stage.session.errors = [AWAY]
    stage.end(running)
    stage.executors.threads = 3
    stage.clock.advance(stage.settle_down())
    stage.session.due_in = 1000
    assert stage.settle_down() == pytest.approx(1.0)


@pytest.mark.parametrize("fails_in", ["send", "result"])
def test_a_fault_of_ours_loses_no_settlement_and_no_room(stage: Stage, fails_in: str) -> None:
    (claim,) = stage.run_jobs(1)
    stage.end(claim)
    if fails_in == "result":
        stage.session.errors = [RuntimeError("a fault of ours")]
    else:

        def fail() -> None:
            stage.session.on_send = lambda: None
            raise RuntimeError("a fault of ours")

        stage.session.on_send = fail
    with pytest.raises(RuntimeError, match="a fault of ours"):
        stage.settle_down()
    assert stage.room.promised == 0
    stage.settle_down()
    assert stage.settled == [(claim.job.id, State.SUCCEEDED)]


def test_a_broker_that_knows_no_lease_is_sent_a_heartbeat_first(stage: Stage) -> None:
    stage.session.knows_lease = False
    stage.push(1)
    stage.settle_down()
    assert stage.wants_beat
    assert not stage.lease.holds()
    assert len(stage.sent) == 1

    stage.session.knows_lease = True
    stage.lease.renew(stage.clock())
    stage.settle_down()
    assert len(stage.executors.backlog) == 1


def test_a_worker_without_its_lease_takes_nothing(stage: Stage) -> None:
    stage.clock.advance(20.0)
    stage.push(1)
    stage.settle_down()
    assert stage.sent == []
    before = stage.changes.count
    stage.lease.renew(stage.clock())
    assert stage.changes.count > before
    stage.settle_down()
    assert stage.sent[0] == (0, 4)


# --- queues ----------------------------------------------------------------------------------


def test_a_worker_of_every_queue_that_drains_looks_for_new_ones(stage: Stage) -> None:
    asked: list[int] = []
    stage.serve()
    stage.session.on_send = lambda: asked.append(1)
    stage.find_empty()
    stage.broker.push([make_job(queue="new")])
    stage.mode.drain()
    stage.push(1)
    stage.settle_down()
    assert len(stage.executors.backlog) == 1


def test_a_list_of_queues_that_can_not_be_read_is_an_outage(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> list[str]:
        raise AWAY

    stage.serve()
    with monkeypatch.context() as patch:
        patch.setattr(stage.broker.inspection, "queue_names", fail)
        assert stage.settle_down() == pytest.approx(PAUSES[0])
    assert stage.room.promised == 0
    stage.clock.advance(PAUSES[0])
    stage.settle_down()
    assert len(stage.sent) == 1


def test_named_queues_are_never_looked_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> list[str]:
        raise BrokerError("Nobody should ask.")

    monkeypatch.setattr(stage.broker.inspection, "queue_names", fail)
    stage.serve(QueueWeight("a", 2), QueueWeight("b"))
    stage.settle_down()
    stage.listener.step()
    assert len(stage.sent) == 1
    assert stage.session.listens == [4]
