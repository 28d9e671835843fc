"""Worker processes that end are replaced, unless none can start or nothing is left to do."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from django_jobs.worker.process.restarts import RestartPauses
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import (
    start_two,
    wait_for_end,
)
from tests.support.workers import Site


def test_a_parent_whose_workers_never_start_gives_up(site: Site, systemd: socket.socket) -> None:
    site.options["url"] = "redis://127.0.0.1:1/0"
    parent = start_two(site, crew__TRIES=2, restarts__FIRST=0.01)
    assert parent.end() == 4
    assert "ended with code 1 before it served any queue. Another one starts in" in parent.said
    assert "No worker process could start: 4 in a row" in parent.said
    assert systemd.recv(1000) == b"STATUS=Starting 2 worker processes"
    assert systemd.recv(1000).startswith(b"STOPPING=1\n")


def test_workers_are_replaced_after_so_many_jobs_without_a_gap(
    site: Site, backend: JobBackend
) -> None:
    results = tasks.note.bulk_enqueue([[str(number)] for number in range(30)])
    parent = start_two(site, "--max-jobs", "15")
    parent.wait_for("was replaced")
    for number in range(30, 40):
        results.append(tasks.note.enqueue(str(number)))
    for result in results:
        assert wait_for_end(backend, result).state is State.SUCCEEDED
    assert parent.stop() == 0

    assert site.notes.counts == {str(number): 1 for number in range(40)}
    # Before each one that went another one had said that it serves.
    parts = parent.said.split("was replaced")
    for gone in range(1, len(parts)):
        assert "".join(parts[:gone]).count("Stop: Ctrl-C") == 2 + gone
    assert "ended with code" not in parent.said


def test_pauses_between_deaths_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr("django_jobs.worker.process.restarts.time", clock)
    pauses = RestartPauses()
    lengths = []
    for _ in range(7):
        pauses.failed()
        pauses.failed()  # in the same pause
        lengths.append(pauses.left)
        now += pauses.left
    assert lengths == [1, 2, 4, 8, 16, 30, 30]
    pauses.forget()
    pauses.failed()
    assert pauses.left == 1


def test_a_burst_says_what_other_workers_still_hold(site: Site, backend: JobBackend) -> None:
    site.options["lease"] = 120  # longer than the burst may take to start
    tasks.hold.enqueue("job")
    killed = site.start("-c", "1")
    site.notes.wait_for("begin job 1")
    killed.kill9()
    tasks.note.enqueue("other")

    burst = start_two(site, "--burst")

    assert burst.end() == 0
    assert site.notes.counts["other"] == 1
    assert burst.said.count("other workers still hold 1 job.") == 1
