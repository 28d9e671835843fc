"""A worker reloads when code changes."""

from __future__ import annotations

import signal
from itertools import count
from pathlib import Path

import pytest

from tests.apps.worker_site import tasks
from tests.support.waiting import wait_until
from tests.support.workers import Site, WorkerProcess


@pytest.fixture
def module(site: Site, tmp_path: Path) -> Path:
    """A module of the site that a test may change."""
    path = tmp_path / "reloaded_code.py"
    path.write_text("")
    site.variables |= {"PYTHONPATH": str(tmp_path), "WORKER_WATCHED": "reloaded_code"}
    return path


def change(module: Path, worker: WorkerProcess, said: str) -> None:
    """Change a module until the worker says so: its first look may come after a change."""
    versions = count()

    def is_seen() -> bool:
        module.write_text(f"changed = {next(versions)}\n")
        return said in worker.said

    wait_until(is_seen, f"no {said!r} in:\n{worker.said}")


def test_a_worker_restarts_when_code_changes_and_its_jobs_run_again(
    site: Site, module: Path
) -> None:
    worker = site.start("-c", "2", "--reload")
    tasks.hold.enqueue("job")
    site.notes.wait_for("begin job 1")

    change(module, worker, "Gave back 1 job that was running")
    worker.wait_for("Stop: Ctrl-C", 2)
    site.notes.wait_for("begin job 1", 2)
    site.notes.put("release")
    site.notes.wait_for("end job 1")
    tasks.note.enqueue("later")
    site.notes.wait_for("later")
    assert site.notes.counts["end job 1"] == 1


def test_a_running_job_may_finish_before_the_worker_restarts(site: Site, module: Path) -> None:
    worker = site.start("-c", "1", "--reload")
    tasks.hold.enqueue("job")
    site.notes.wait_for("begin job 1")

    change(module, worker, "Quiet")
    site.notes.put("release")

    worker.wait_for("Stop: Ctrl-C", 2)
    assert site.notes.lines == ["begin job 1", "end job 1"]
    assert "Gave back" not in worker.said


def test_debug_reloads_by_default(site: Site, module: Path) -> None:
    site.variables["WORKER_DEBUG"] = "1"
    reloading, steady = site.start(), site.start("--no-reload")
    change(module, reloading, "Quiet")
    reloading.wait_for("Stop: Ctrl-C", 2)
    assert steady.said.count("Stop: Ctrl-C") == 1
    assert steady.stop() == 0
    assert reloading.stop(signal.SIGTERM) == 0


def test_a_reloading_worker_says_in_one_sentence_that_redis_is_away(site: Site) -> None:
    site.options["url"] = "redis://127.0.0.1:1/0"
    said = site.refused("--reload")
    assert "Traceback" not in said
    assert "does not answer" in said
