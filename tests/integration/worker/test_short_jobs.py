"""What makes short jobs fast delays no other job."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.compat import task_finished, task_started
from tests.apps.worker_site import tasks
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes, Site

SHORT = 600


def used_to_short_jobs(
    backend: JobBackend, start_worker: StartWorker, notes: Notes, **options: Any
) -> None:
    """Start a worker that has run so many short jobs that it expects no others."""
    tasks.note.bulk_enqueue([["short"]] * SHORT)
    start_worker(**options)
    notes.wait_for("short", SHORT)


def test_short_jobs_behind_a_long_one_go_on(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    used_to_short_jobs(backend, start_worker, notes, concurrency=3)
    tasks.hold.enqueue("long")
    tasks.note.bulk_enqueue([["behind"]] * SHORT)
    notes.wait_for("behind", SHORT)
    assert notes.counts["end long 1"] == 0
    notes.put("release")
    notes.wait_for("end long 1")


def test_short_jobs_behind_one_that_computes_go_on(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    used_to_short_jobs(backend, start_worker, notes, concurrency=3)
    tasks.compute_until_released.enqueue("long")
    tasks.note.bulk_enqueue([["behind"]] * 50)
    notes.wait_for("behind", 50)
    assert notes.counts["end long"] == 0
    notes.put("release")
    notes.wait_for("end long")


def test_long_jobs_among_short_ones_run_side_by_side(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    used_to_short_jobs(backend, start_worker, notes, concurrency=4)
    for number in range(4):
        tasks.note.bulk_enqueue([["between"]] * 50)
        tasks.hold.enqueue(f"long {number}")
    for number in range(4):
        notes.wait_for(f"begin long {number} 1")
    assert not any(line.startswith("end") for line in notes.lines)
    notes.put("release")
    notes.wait_for("between", 200)


def test_verbosity_2_logs_each_short_job(site: Site) -> None:
    """Two lines take longer than a short job."""
    tasks.note.using(queue_name="low").bulk_enqueue([["told"]] * 10)
    tasks.note.bulk_enqueue([["untold"]] * 10)
    talkative = site.start("-q", "low", "-v", "2")
    usual = site.start("-q", "default", "--burst")
    talkative.wait_for("state=SUCCESSFUL", 10)
    assert usual.end() == 0
    assert site.notes.counts == {"told": 10, "untold": 10}
    assert "Task id=" not in usual.said


@pytest.mark.parametrize(("verbosity", "times"), [("0", 0), ("1", 1)])
def test_in_development_each_job_is_logged_by_default(
    site: Site, verbosity: str, times: int
) -> None:
    tasks.note.enqueue("told")
    worker = site.start("--burst", "-v", verbosity, ready=False, WORKER_DEBUG="1")
    assert worker.end() == 0
    assert site.notes.counts == {"told": 1}
    assert worker.said.count("state=SUCCESSFUL") == times


def test_a_receiver_hears_of_each_job(
    backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    heard: list[tuple[str, list[Any]]] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append((task_result.status, task_result.args))

    task_started.connect(receive)
    task_finished.connect(receive)
    try:
        used_to_short_jobs(backend, start_worker, notes)
        wait_until(lambda: len(heard) == 2 * SHORT, "not all were heard of")
    finally:
        task_started.disconnect(receive)
        task_finished.disconnect(receive)
    assert Counter(status for status, _ in heard) == {"RUNNING": SHORT, "SUCCESSFUL": SHORT}
    assert all(args == ["short"] for _, args in heard)
