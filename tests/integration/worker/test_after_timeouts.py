"""What a timeout leaves behind in its thread, and a worker that is replaced after one."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import wait_for_end
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes, Site


class Leaking(logging.Handler):
    """Is interrupted while it holds its lock once more than it will release it."""

    def emit(self, record: logging.LogRecord) -> None:
        self.acquire()
        while True:
            time.sleep(0.001)


def test_other_threads_can_log_after_a_timeout_in_a_log_call(
    backend: JobBackend, start_worker: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = Leaking()
    monkeypatch.setattr(tasks.leaking, "handlers", [handler])
    start_worker()

    assert wait_for_end(backend, tasks.time_out_in_a_log_call.enqueue()).state is State.DEAD

    # In another thread: this one would not hang, but the test.
    logged = threading.Event()

    def log() -> None:
        assert handler.lock
        with handler.lock:
            logged.set()

    threading.Thread(target=log, daemon=True).start()
    wait_until(logged.is_set, "the handler's lock is still held")


def test_a_worker_ends_after_a_timeout_when_its_other_jobs_have_ended(
    site: Site, backend: JobBackend
) -> None:
    held = tasks.hold.enqueue("untouched")
    worker = site.start("--restart-after-timeout")
    site.notes.wait_for("begin untouched 1")

    timed_out = tasks.loop_for_ever.enqueue()
    worker.wait_for("this worker will be replaced")
    worker.wait_for("Quiet")
    waiting = tasks.note.enqueue("next")
    site.notes.put("release")

    assert worker.end() == 0
    assert wait_for_end(backend, held).state is State.SUCCEEDED
    assert wait_for_end(backend, timed_out).state is State.DEAD
    assert backend.broker.inspection.counts()[State.QUEUED] == 1
    site.start()
    assert wait_for_end(backend, waiting).state is State.SUCCEEDED


def test_one_of_several_processes_is_replaced_after_a_timeout(
    site: Site, backend: JobBackend
) -> None:
    site.options["restart_after_timeout"] = True
    parent = site.start("--processes", "2", ready=False)
    tasks.loop_for_ever.enqueue()
    parent.wait_for("was replaced")
    assert wait_for_end(backend, tasks.note.enqueue("on")).state is State.SUCCEEDED
    assert parent.stop() == 0


@pytest.mark.parametrize("task", [tasks.wait_for_ever, tasks.loop_for_ever])
def test_coroutines_and_workers_without_the_option_change_nothing(
    task: Any, backend: JobBackend, start_worker: StartWorker, notes: Notes
) -> None:
    worker = start_worker(restart_after_timeout=task is tasks.wait_for_ever)
    assert wait_for_end(backend, task.enqueue()).state is State.DEAD
    assert wait_for_end(backend, tasks.note.enqueue("on")).state is State.SUCCEEDED
    assert not worker.over.is_set()
