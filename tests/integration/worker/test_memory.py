"""Workers whose process takes too much memory."""

from __future__ import annotations

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from django_jobs.worker.background.host import resident_memory
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import wait_for_end
from tests.support.workers import Site

pytestmark = pytest.mark.skipif(
    resident_memory() is None, reason="this system does not say how much memory a process takes"
)


def test_a_worker_above_its_limit_finishes_its_jobs_and_ends(
    site: Site, backend: JobBackend
) -> None:
    held = tasks.hold.enqueue("beside")
    worker = site.start("-c", "2", "--max-memory", "400")
    site.notes.wait_for("begin beside 1")

    tasks.keep_megabytes.enqueue(400)
    worker.wait_for("MB, more than the 400 MB of max_memory: this worker will be replaced")
    worker.wait_for("Quiet")
    waiting = tasks.note.enqueue("next")
    site.notes.put("release")

    assert worker.end() == 0
    assert wait_for_end(backend, held).state is State.SUCCEEDED
    assert backend.broker.inspection.counts()[State.QUEUED] == 1
    site.start()
    assert wait_for_end(backend, waiting).state is State.SUCCEEDED


def test_one_of_several_processes_above_its_limit_is_replaced(
    site: Site, backend: JobBackend
) -> None:
    site.options["max_memory"] = 400
    parent = site.start("--processes", "2", ready=False)
    tasks.keep_megabytes.enqueue(400)
    parent.wait_for("was replaced")
    assert wait_for_end(backend, tasks.note.enqueue("on")).state is State.SUCCEEDED
    assert parent.stop() == 0
    assert parent.said.count("more than the 400 MB") == 1


def test_a_limit_below_what_an_idle_worker_takes_has_no_effect(
    site: Site, backend: JobBackend
) -> None:
    worker = site.start("-c", "1", "--max-memory", "1")
    worker.wait_for("max_memory has no effect: it is 1 MB, and this process takes")
    assert wait_for_end(backend, tasks.note.enqueue("on")).state is State.SUCCEEDED
    assert worker.stop() == 0
    assert "will be replaced" not in worker.said
