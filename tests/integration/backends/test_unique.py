"""Unique jobs, as those meet them who enqueue them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from django_jobs import Unique
from django_jobs.backends import DummyBackend, JobBackend
from django_jobs.brokers.memory.session import MemorySession
from django_jobs.compat import TaskResultStatus, task_enqueued, task_finished
from django_jobs.conf.queues import QueueWeight
from django_jobs.errors import DuplicateJob
from django_jobs.jobs.records import State
from django_jobs.periodic_tasks.registry import isolated_registry, periodic
from django_jobs.signals import job_merged, job_retrying
from django_jobs.testing import enqueued_jobs, run_enqueued
from django_jobs.worker.options import WorkerOptions
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.results import ended, succeeded
from tests.support.waiting import DEADLINE, wait_until

committing = pytest.mark.django_db(transaction=True)
RAISES = Unique(by="key", on_conflict="raise")


@pytest.fixture
def heard() -> Iterator[list[tuple[str, str, bool]]]:
    """What is told of merged calls: the id of the job, that of the call, whether it replaced."""
    told: list[tuple[str, str, bool]] = []

    def receive(*, task_result: Any, call_id: str, replaced: bool, **_: Any) -> None:
        told.append((task_result.id, call_id, replaced))

    job_merged.connect(receive)
    yield told
    job_merged.disconnect(receive)


@pytest.fixture(params=["thread_pool", "redis"])
def waiting(configure: Configure, request: pytest.FixtureRequest) -> JobBackend:
    """A backend without a worker."""
    if request.param == "thread_pool":
        return configure("dummy")
    return configure("redis")


def has_retrying(backend: JobBackend, number: int) -> bool:
    return backend.broker.inspection.counts()[State.RETRYING] == number


def queued(backend: JobBackend) -> int:
    return backend.broker.inspection.counts()[State.QUEUED]


# --- enqueue ------------------------------------------------------------------------------------


def test_a_second_call_returns_the_job_that_is_there(waiting: JobBackend) -> None:
    first = tasks.note_once.enqueue("k", "old")
    second = tasks.note_once.enqueue("k", "new")
    other = tasks.note_once.enqueue("other", "old")

    assert (second.id, second.status) == (first.id, TaskResultStatus.READY)
    assert other.id != first.id
    assert queued(waiting) == 2
    assert waiting.get_result(first.id).args == ["k", "old"]


def test_calls_of_one_bulk_are_merged_with_each_other(waiting: JobBackend) -> None:
    results = tasks.note_once.bulk_enqueue([["a", 1], ["b", 2], ["a", 3]])

    assert results[0].id == results[2].id != results[1].id
    assert queued(waiting) == 2


def test_in_a_large_bulk_each_call_gets_its_job(waiting: JobBackend) -> None:
    calls = [[f"k{number % 1_500}", number] for number in range(2_500)]

    results = tasks.note_once.bulk_enqueue(calls)

    assert queued(waiting) == 1_500
    assert [one.id for one in results[1_500:]] == [one.id for one in results[:1_000]]


def test_a_conflict_that_raises_names_the_holder(waiting: JobBackend) -> None:
    first = tasks.note_once.enqueue("k", "old")

    with pytest.raises(DuplicateJob, match=first.id) as raised:
        tasks.note_once.using(unique=RAISES).enqueue("k", "new")

    assert (raised.value.holder, raised.value.index) == (first.id, None)
    assert "bulk_enqueue" not in str(raised.value)


def test_in_bulk_the_item_is_named_and_earlier_portions_are_stored(configure: Configure) -> None:
    backend = configure("redis")
    calls = [[f"k{number}", number] for number in range(751)]
    tasks.note_once.enqueue("k750", "old")

    with pytest.raises(DuplicateJob, match="bulk_enqueue: item 750"):
        tasks.note_once.using(unique=RAISES).bulk_enqueue(calls)

    assert queued(backend) == 751


def test_two_items_of_one_bulk_that_raise_are_both_refused(waiting: JobBackend) -> None:
    with pytest.raises(DuplicateJob, match=r"item 1: .*an earlier item"):
        tasks.note_once.using(unique=RAISES).bulk_enqueue([["k", 1], ["k", 2]])

    assert queued(waiting) == 0


def test_one_call_may_do_without(waiting: JobBackend) -> None:
    tasks.note_once.enqueue("k", 1)
    tasks.note_once.using(unique=None).enqueue("k", 2)

    assert queued(waiting) == 2


def test_a_call_with_another_time_meets_the_job_as_well(waiting: JobBackend) -> None:
    first = tasks.note_once.using(run_after=timedelta(hours=1)).enqueue("k", 1)

    assert tasks.note_once.enqueue("k", 2).id == first.id


def test_the_result_is_kept_as_long_as_the_lock(waiting: JobBackend) -> None:
    kept = tasks.note_once.using(result_ttl=0, unique=Unique(keep_for=60))

    result = kept.enqueue("k", 1)

    record = waiting.broker.inspection.find(result.id)
    assert record
    assert record.job.result_ttl == 60_000


def test_a_misspelt_parameter_is_refused_in_using() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"note_once.*'kee'"):
        tasks.note_once.using(unique=Unique(by="kee"))


# --- what is told -------------------------------------------------------------------------------


def test_a_signal_and_a_line_say_which_calls_were_merged(
    waiting: JobBackend, heard: list[tuple[str, str, bool]], caplog: pytest.LogCaptureFixture
) -> None:
    enqueued: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        enqueued.append(task_result.id)

    task_enqueued.connect(receive)
    with caplog.at_level(logging.INFO, logger="django_jobs"):
        first = tasks.note_once.enqueue("k", 1)
        tasks.note_once.enqueue("k", 2)
    task_enqueued.disconnect(receive)

    assert enqueued == [first.id]
    ((job_id, call_id, replaced),) = heard
    assert (job_id, replaced) == (first.id, False)
    (line,) = [one for one in caplog.records if "merged with" in one.message]
    assert first.id in line.message
    assert call_id in line.message


def test_a_receiver_that_fails_does_no_harm(waiting: JobBackend) -> None:
    def receive(**_: Any) -> None:
        raise RuntimeError("a fault of the site")

    first = tasks.note_once.enqueue("k", 1)
    job_merged.connect(receive)
    try:
        assert tasks.note_once.enqueue("k", 2).id == first.id
    finally:
        job_merged.disconnect(receive)


# --- inside of a transaction --------------------------------------------------------------------


@committing
@pytest.mark.parametrize("unique", [tasks.note_once.unique, RAISES])
def test_after_a_commit_the_id_of_the_call_stands_for_the_job(
    waiting: JobBackend, heard: list[tuple[str, str, bool]], unique: Unique
) -> None:
    with transaction.atomic():
        late = tasks.note_once.using(unique=unique).enqueue("k", "late")
        early = tasks.note_once.using(enqueue_on_commit=False).enqueue("k", "early")
    known = late.id

    late.refresh()
    found = waiting.get_result(known)

    assert known == late.id != early.id
    assert (found.id, found.args) == (early.id, ["k", "early"])
    assert heard == [(early.id, known, False)]
    assert late.cancel()
    assert waiting.get_result(early.id).is_finished


@committing
def test_two_calls_of_one_transaction_become_one_job(waiting: JobBackend) -> None:
    with transaction.atomic():
        first = tasks.note_once.using(unique=RAISES).enqueue("k", 1)
        second = tasks.note_once.using(unique=RAISES).enqueue("k", 2)

    assert waiting.get_result(second.id).id == first.id
    assert queued(waiting) == 1


# --- while jobs run -----------------------------------------------------------------------------


def test_after_its_end_the_same_call_is_a_new_job(backend: JobBackend) -> None:
    first = tasks.note_once.enqueue("k", 1)
    succeeded(first)

    second = tasks.note_once.enqueue("k", 2)

    assert second.id != first.id
    succeeded(second)
    assert tasks.seen == [1, 2]


def test_a_job_that_enqueues_itself_gets_its_own_result(backend: JobBackend) -> None:
    result = tasks.enqueue_itself.enqueue(1)

    assert succeeded(result) == result.id


def test_while_one_runs_the_newest_call_waits_for_its_end(backend: JobBackend) -> None:
    first = tasks.note_newest.enqueue("k", 1)
    assert tasks.at_gate.acquire(timeout=60)
    second = tasks.note_newest.enqueue("k", 2)
    third = tasks.note_newest.enqueue("k", 3)

    assert first.id != second.id == third.id
    tasks.gate.set()
    ended(first)
    ended(second)
    assert tasks.seen == [1, 3]


@pytest.fixture
def retried() -> Iterator[list[str]]:
    """Ids of the jobs that are told to be retried."""
    told: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        told.append(task_result.id)

    job_retrying.connect(receive)
    yield told
    job_retrying.disconnect(receive)


@pytest.fixture
def finished() -> Iterator[list[str]]:
    """Ids of the jobs that are told to have ended."""
    told: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        told.append(task_result.id)

    task_finished.connect(receive)
    yield told
    task_finished.disconnect(receive)


def lines_of(job_id: str, word: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [one.getMessage() for one in caplog.records]
    return [line for line in lines if f"id={job_id} " in line and f"state={word} " in line]


@pytest.mark.parametrize("first_says", ["task", "replace", "return"])
def test_a_failed_job_that_makes_way_is_not_told_to_be_retried(
    backend: JobBackend,
    retried: list[str],
    finished: list[str],
    caplog: pytest.LogCaptureFixture,
    first_says: str,
) -> None:
    caplog.set_level(logging.INFO)
    task = first_task = tasks.fail_at_gate
    if first_says != "task":
        task = tasks.fail_alone.using(unique=Unique(by="key", on_conflict="replace"))
        first_task = tasks.fail_alone.using(unique=Unique(by="key", on_conflict=first_says))  # type: ignore[arg-type]
    first = first_task.enqueue("k", "no luck")
    assert tasks.at_gate.acquire(timeout=60)
    second = task.enqueue("k", 2)
    tasks.gate.set()

    wait_until(lambda: first.id in finished and second.id in finished, "the signals of both ends")

    (line,) = lines_of(first.id, "DISCARDED", caplog)
    assert line.endswith(
        "no luck (not retried, as a newer call of the unique task has waited for this end)"
    )
    assert not retried
    assert not lines_of(first.id, "RETRYING", caplog)
    assert backend.broker.inspection.counts()[State.RETRYING] == 0


def test_a_failed_job_that_nobody_waits_for_is_told_to_be_retried(
    backend: JobBackend, retried: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tasks.gate.set()
    result = tasks.fail_at_gate.enqueue("k", "no luck")

    wait_until(lambda: retried == [result.id], "the signal of the retry")

    (line,) = lines_of(result.id, "RETRYING", caplog)
    assert "delay=" in line
    assert not lines_of(result.id, "DISCARDED", caplog)


def test_one_thread_announces_all_ends_however_slow_receivers_are(
    backend: JobBackend, retried: list[str]
) -> None:
    go_on = threading.Event()

    def dawdle(**_: Any) -> None:
        go_on.wait(DEADLINE)

    job_retrying.connect(dawdle)
    tasks.gate.set()
    try:
        for number in range(5):
            tasks.fail_at_gate.enqueue(f"k{number}", "no luck")
            wait_until(partial(has_retrying, backend, number + 1), "the end of the attempt")
        announcing = [one.name for one in threading.enumerate()].count("django-jobs-undecided")
    finally:
        go_on.set()
        wait_until(lambda: len(retried) == 5, "the signals of all ends")
        job_retrying.disconnect(dawdle)
    assert announcing == 1


def test_a_worker_that_stops_has_announced_all_ends(
    configure: Configure, retried: list[str]
) -> None:
    backend = configure("redis")
    tasks.gate.set()
    result = tasks.fail_at_gate.enqueue("k", "no luck")
    worker = backend.make_worker()
    worker.sign_on()
    worker.start()
    try:
        assert worker.drain(DEADLINE)
    finally:
        worker.stop(DEADLINE)

    assert retried == [result.id]


def test_a_lock_until_the_start_lets_the_next_one_in(backend: JobBackend) -> None:
    until_start = tasks.note_newest.using(unique=Unique(by="key", until="start"))
    first = until_start.enqueue("k", 1)
    assert tasks.at_gate.acquire(timeout=60)

    second = until_start.enqueue("k", 2)

    assert second.id != first.id
    tasks.gate.set()
    ended(first)
    ended(second)


def test_the_time_after_a_success_counts(backend: JobBackend) -> None:
    kept = tasks.note_once.using(unique=Unique(by="key", keep_for=3_600))
    first = kept.enqueue("k", 1)
    succeeded(first)

    second = kept.enqueue("k", 2)

    assert second.id == first.id
    second.refresh()
    assert second.return_value == 1


# --- periodic tasks -----------------------------------------------------------------------------


def test_a_tick_that_is_merged_is_told_as_any_other_call(
    configure: Configure,
    heard: list[tuple[str, str, bool]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    backend = configure("redis")
    waiting = tasks.tick_once.enqueue()
    with isolated_registry():
        periodic("* * * * * *")(tasks.tick_once)
        worker = backend.make_worker(WorkerOptions(queues=(QueueWeight("another"),)))
        worker.sign_on()
        worker.start()
        try:
            wait_until(lambda: heard, "the signal of a merged tick")
        finally:
            worker.stop(0)

    job_id, call_id, replaced = heard[0]
    assert (job_id, replaced) == (waiting.id, False)
    assert backend.get_result(call_id).id == waiting.id
    assert any(f"call={call_id} merged with id={waiting.id}" in text for text in caplog.messages)


# --- other backends and tests -------------------------------------------------------------------


def test_inline_a_job_has_ended_before_the_next_call(configure: Configure) -> None:
    configure("inline")

    first, second = tasks.note_once.bulk_enqueue([["k", 1], ["k", 2]])

    assert first.id != second.id
    assert tasks.seen == [1, 2]


def test_inline_a_job_meets_itself(configure: Configure) -> None:
    configure("inline")

    result = tasks.enqueue_itself.enqueue(1)

    assert result.return_value == result.id


@pytest.fixture
def nested(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What jobs note; the first one enqueues two more calls of its task while it runs."""
    task = tasks.note_once.using(unique=Unique(by="key", on_conflict="replace"))

    class Seen(list[object]):
        def append(self, value: object) -> None:
            super().append(value)
            if value == "first":
                task.enqueue("k", "second")
                task.enqueue("k", "third")

    seen = Seen()
    monkeypatch.setattr(tasks, "seen", seen)
    return seen


@pytest.mark.parametrize("queue", ["default", "low"])
def test_inline_a_successor_runs_after_the_job_for_which_it_waits(
    configure: Configure, nested: list[object], queue: str
) -> None:
    backend = configure("inline")
    task = tasks.note_once.using(unique=Unique(by="key", on_conflict="replace"), queue_name=queue)

    result = task.enqueue("k", "first")

    assert nested == ["first", "third"]
    assert result.status is TaskResultStatus.SUCCESSFUL
    assert backend.broker.inspection.counts()[State.SUCCEEDED] == 2


def test_inline_a_job_leaves_those_of_other_queues_alone(configure: Configure) -> None:
    inspection = configure("inline").broker.inspection
    inspection.pause("low")
    tasks.note_once.using(queue_name="low").enqueue("other", "kept back")
    inspection.resume("low")

    tasks.note_once.enqueue("k", "unique")
    tasks.note.enqueue("plain")

    assert tasks.seen == ["unique", "plain"]


def test_inline_only_a_unique_job_looks_for_one_that_waits_for_it(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure("inline")
    exchanges: list[str] = []
    exchange = MemorySession.exchange

    def counted(session: MemorySession, *args: Any) -> Any:
        exchanges.append("")
        return exchange(session, *args)

    monkeypatch.setattr(MemorySession, "exchange", counted)
    tasks.note.enqueue("plain")

    assert len(exchanges) == 2  # its claim and its end


def test_inline_in_bulk_the_item_is_named(configure: Configure) -> None:
    configure("inline")
    task = tasks.note_once.using(
        unique=Unique(by="key", on_conflict="raise", keep_for=timedelta(hours=1))
    )

    with pytest.raises(DuplicateJob, match="bulk_enqueue: item 2") as raised:
        task.bulk_enqueue([["a", 1], ["k", 2], ["k", 3]])

    assert raised.value.index == 2
    assert tasks.seen == [1, 2], "each job runs before the next one is stored"


def test_the_dummy_backend_has_one_result(configure: Configure) -> None:
    backend = configure("dummy")
    assert isinstance(backend, DummyBackend)

    tasks.note_once.bulk_enqueue([["k", 1], ["k", 2], ["other", 3]])

    assert [one.args for one in backend.results] == [["k", 1], ["other", 3]]


def test_tests_see_one_job_and_run_it_once(configure: Configure) -> None:
    configure("dummy")
    tasks.note_once.bulk_enqueue([["k", 1], ["k", 2]])

    assert len(enqueued_jobs(tasks.note_once)) == 1
    run_enqueued()
    assert tasks.seen == [1]


def test_tests_run_a_successor_after_the_first(configure: Configure) -> None:
    configure("dummy")
    tasks.gate.set()
    tasks.note_newest.using(run_after=timedelta(hours=1)).enqueue("k", 1)
    tasks.note_newest.enqueue("k", 2)

    run_enqueued(scheduled=True)

    assert tasks.seen == [2]
