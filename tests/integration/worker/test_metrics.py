"""A worker counts its attempts and reports their progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from django_jobs import set_progress
from django_jobs.backends.base import JobBackend
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim, Failure, Job, JobRecord, Settlement, State
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import Metrics, Span
from django_jobs.metrics.periods import OTHERS
from django_jobs.metrics.task_stats import TaskStats
from django_jobs.worker.fetch.stats import ERRORS, NAMES, AttemptStats
from tests.apps.worker_site import metric_tasks, tasks
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes, Site

# --- the tally ---------------------------------------------------------------------------------


def ended(
    task: str = "shop.ship",
    state: State = State.SUCCEEDED,
    *,
    queue: str = "default",
    error: str = "",
    queued_at: int = 0,
    waited: int = 0,
    duration: int = 0,
) -> tuple[Claim, Settlement]:
    job = Job(id="1", task=task, queue=queue, priority=0, arguments="", enqueued_at=0)
    claim = Claim(job=job, token=1, tag=0, attempt=1, queued_at=queued_at, claimed_at=1000)
    failure = Failure(exception=error, message="", traceback="", at=0, worker="", attempt=1)
    settlement = Settlement(
        job_id="1",
        token=1,
        tag=0,
        state=state,
        failure=failure if error else None,
        waited=waited,
        duration=duration,
    )
    return claim, settlement


def filled(histogram: Histogram) -> dict[int, int]:
    return {BOUNDS[number]: count for number, count in enumerate(histogram.counts) if count}


def test_attempts_are_counted_by_task_and_queue() -> None:
    tally = AttemptStats()
    tally.add([ended(), ended(queue="slow"), ended("shop.bill"), ended()])

    counted = {(one.task, one.queue): one.succeeded for one in tally.take()}
    assert counted == {
        ("shop.ship", "default"): 2,
        ("shop.ship", "slow"): 1,
        ("shop.bill", "default"): 1,
    }
    assert tally.take() == ()


def test_an_attempt_that_was_given_back_is_none() -> None:
    tally = AttemptStats()
    tally.add([ended(state=State.QUEUED)])
    assert tally.take() == ()


def test_latency_ends_where_duration_begins() -> None:
    tally = AttemptStats()
    tally.add([ended(queued_at=800, waited=60, duration=4), ended(queued_at=990, duration=2)])

    (sample,) = tally.take()
    assert filled(sample.latency) == {300: 1, 10: 1}
    assert filled(sample.duration) == {5: 1, 2: 1}
    assert (sample.latency.total, sample.duration.total) == (270, 6)


def test_a_clock_of_the_past_makes_no_negative_latency() -> None:
    tally = AttemptStats()
    tally.add([ended(queued_at=5000)])
    assert filled(tally.take()[0].latency) == {1: 1}


def test_every_end_but_a_success_is_a_failure_with_its_error() -> None:
    tally = AttemptStats()
    states = [State.RETRYING, State.DEAD, State.DISCARDED]
    tally.add([ended(state=state, error="shop.NoParcel") for state in states])
    tally.add([ended(state=State.DEAD, error="builtins.OSError"), ended(state=State.DISCARDED)])

    (sample,) = tally.take()
    assert (sample.succeeded, sample.failed) == (0, 5)
    assert dict(sample.errors) == {"shop.NoParcel": 3, "builtins.OSError": 1, "(unknown)": 1}


def test_names_and_errors_beyond_the_limits_are_counted_together() -> None:
    tally = AttemptStats()
    tally.add([ended(f"task{number}") for number in range(NAMES + 5)])
    tally.add([ended("task0", State.DEAD, error=f"error{it}") for it in range(ERRORS + 3)])

    samples = {one.task: one for one in tally.take()}
    assert len(samples) == NAMES + 1
    assert samples[OTHERS].succeeded == 5
    assert dict(samples["task0"].errors)[OTHERS] == 3
    assert len(samples["task0"].errors) == ERRORS + 1


def test_nothing_is_lost_between_threads() -> None:
    tally = AttemptStats()
    taken: list[TaskStats] = []
    over = threading.Event()

    def take() -> None:
        while not over.is_set():
            taken.extend(tally.take())

    taking = threading.Thread(target=take)
    taking.start()
    for _ in range(2000):
        tally.add([ended()] * 3)
    over.set()
    taking.join()

    assert sum(one.succeeded for one in [*taken, *tally.take()]) == 6000


# --- a worker ----------------------------------------------------------------------------------


def metrics(backend: JobBackend) -> Metrics:
    return backend.broker.inspection.metrics


def test_a_stopped_worker_has_reported_all_its_counts(
    backend: JobBackend, run_all: Callable[..., Any]
) -> None:
    for number in range(30):
        tasks.note.enqueue(str(number))
    tasks.fail.enqueue("oh")
    run_all()

    history = metrics(backend).history(Span.HOUR)
    assert (history.succeeded, history.failed) == (30, 3)
    fail, note = metrics(backend).tasks(Span.HOUR)
    assert (fail.task, fail.failed) == ("tests.apps.worker_site.tasks.fail", 3)
    assert (note.task, note.succeeded) == ("tests.apps.worker_site.tasks.note", 30)
    assert note.latency.count == note.duration.count == 30
    (failure,) = metrics(backend).failing(Span.DAY)
    assert (failure.task, failure.error, failure.count) == (
        "tests.apps.worker_site.tasks.fail",
        "builtins.ValueError",
        3,
    )


def test_a_stopped_worker_process_has_reported_all_its_counts(
    site: Site, backend: JobBackend
) -> None:
    for _ in range(20):
        tasks.note.enqueue("x")
    worker = site.start()
    site.notes.wait_for("x", 20)
    assert worker.stop() == 0

    assert [one.succeeded for one in metrics(backend).queues(Span.HOUR)] == [20]


# --- progress ----------------------------------------------------------------------------------


def known(backend: JobBackend, job_id: str) -> JobRecord:
    record = backend.broker.inspection.find(job_id)
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("task", "arguments", "expected"),
    [
        (metric_tasks.report_rows, (1000,), Progress(1000, 1000, "rows")),
        (metric_tasks.report_rows_later, (8,), Progress(4, 8, "half of them")),
        (metric_tasks.report_from_threads, (), Progress(2, 2, "handed on")),
    ],
)
def test_a_running_job_tells_how_far_it_is(
    task: Any,
    arguments: tuple[int, ...],
    expected: Progress,
    configure: Callable[..., JobBackend],
    start_worker: StartWorker,
    notes: Notes,
) -> None:
    backend = configure(lease=2)
    start_worker()
    result = task.enqueue(*arguments)
    silent = metric_tasks.say_nothing.enqueue()
    notes.wait_for("said", 2)
    wait_until(lambda: known(backend, result.id).progress == expected, "it is not told")
    assert known(backend, silent.id).progress is None

    notes.put("go on")
    wait_until(lambda: known(backend, result.id).state is State.SUCCEEDED, "it does not end")
    assert known(backend, result.id).progress is None


def test_a_job_that_failed_shows_how_far_it_came(
    configure: Callable[..., JobBackend], start_worker: StartWorker, notes: Notes
) -> None:
    backend = configure(lease=2)
    start_worker()
    result = metric_tasks.report_then_fail.enqueue()
    wait_until(lambda: known(backend, result.id).progress == Progress(3, 9), "it is not told")

    notes.put("go on")
    wait_until(lambda: known(backend, result.id).state is State.RETRYING, "it does not end")
    assert known(backend, result.id).progress == Progress(3, 9)


def test_outside_of_a_job_progress_is_nothing() -> None:
    set_progress(1, 2, "nobody listens")


@pytest.mark.parametrize("done", [-1, float("nan"), float("inf"), "5", None, 10**16])
def test_progress_that_is_no_number_is_refused(done: Any) -> None:
    with pytest.raises(ValueError, match="done="):
        set_progress(done)


@pytest.mark.parametrize("total", [0, -1, float("nan"), float("inf"), "5", 10**16])
def test_a_total_that_is_no_number_above_0_is_refused(total: Any) -> None:
    with pytest.raises(ValueError, match="total="):
        set_progress(1, total)


@pytest.mark.parametrize(
    ("progress", "share"),
    [(Progress(1, 4), 0.25), (Progress(9, 4), 1.0), (Progress(0, 4), 0.0), (Progress(7), None)],
)
def test_a_share_stays_between_nothing_and_all(progress: Progress, share: float | None) -> None:
    assert progress.fraction == share
