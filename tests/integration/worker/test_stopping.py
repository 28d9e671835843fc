"""How a worker process ends: what becomes of its jobs, and what its exit code says."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import WorkerCommand
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.integration.worker.helpers import record_of
from tests.support.waiting import DEADLINE, wait_until
from tests.support.workers import Notes, Site

FAST = ("-c", "2")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_running_jobs_finish_and_the_others_go_back(
    number: signal.Signals, site: Site, backend: JobBackend
) -> None:
    results = tasks.hold.bulk_enqueue([["a"], ["b"], ["c"], ["d"]])
    worker = site.start(*FAST)
    site.notes.wait_for_lines(2)

    meaningless = (signal.SIGUSR1, signal.SIGUSR2)
    worker.freeze()
    for each in (*meaningless, signal.SIGCONT):  # so that they arrive together
        worker.send(each)
    for each in meaningless:
        worker.wait_for(f"{each.name} has no effect here")
    worker.send(number)
    worker.wait_for("Quiet")
    site.notes.put("release")

    assert worker.end() == 0
    assert site.notes.counts.total() == 4
    states = [record_of(backend, result).state for result in results]
    assert states == [State.SUCCEEDED] * 2 + [State.QUEUED] * 2
    assert [record_of(backend, result).attempts for result in results] == [1, 1, 0, 0]
    assert backend.broker.inspection.workers() == ()


def test_what_takes_too_long_is_given_back_without_costing_an_attempt(
    site: Site, backend: JobBackend
) -> None:
    thread = tasks.hold.enqueue("thread")
    coroutine = tasks.hold_in_loop.enqueue("loop")
    worker = site.start(*FAST, "--shutdown-timeout", "0.2")
    site.notes.wait_for_lines(2)

    assert worker.stop() == 3

    assert "Gave back 2 jobs that were running" in worker.said
    assert thread.id in worker.said
    for result in (thread, coroutine):
        record = record_of(backend, result)
        assert (record.state, record.attempts, record.failures) == (State.QUEUED, 0, ())
    site.notes.put("release")
    site.start("--burst").end()
    counts = site.notes.counts
    assert counts["begin thread 1"] == 2
    assert counts["end thread 1"] == 1
    assert counts["finally loop"] == 2
    assert counts["end loop"] == 1


def test_a_second_interrupt_waits_for_nobody(site: Site, backend: JobBackend) -> None:
    result = tasks.hold.enqueue("job")
    blocking = tasks.block_in_loop.enqueue()
    worker = site.start(*FAST, "--shutdown-timeout", "600")
    site.notes.wait_for_lines(2)

    worker.send(signal.SIGINT)
    worker.wait_for("interrupt again")
    worker.send(signal.SIGINT)

    assert worker.end() == 3
    assert "Traceback" not in worker.said
    assert record_of(backend, result).state is State.QUEUED
    assert record_of(backend, blocking).state is State.QUEUED


def test_a_quiet_worker_takes_nothing_more_and_finishes_what_runs(
    site: Site, backend: JobBackend
) -> None:
    tasks.hold.enqueue("first")
    worker = site.start(*FAST)
    site.notes.wait_for("begin first 1")

    worker.send(signal.SIGTSTP)
    worker.wait_for("Quiet")
    later = tasks.note.enqueue("later")
    site.notes.put("release")
    site.notes.wait_for("end first 1")

    other = site.start("--burst")
    assert other.end() == 0
    assert record_of(backend, later).workers[-1].split(":")[1] == str(other.process.pid)
    assert worker.process.poll() is None
    assert worker.stop() == 0


def test_a_burst_that_is_quiet_ends_with_what_runs(site: Site, backend: JobBackend) -> None:
    tasks.hold.enqueue("first")
    worker = site.start(*FAST, "--burst")
    site.notes.wait_for("begin first 1")

    worker.send(signal.SIGTSTP)
    worker.wait_for("Quiet")
    later = tasks.note.enqueue("later")
    site.notes.put("release")

    assert worker.end() == 0
    assert record_of(backend, later).state is State.QUEUED


def test_signals_may_come_thick_and_fast(site: Site) -> None:
    worker = site.start(*FAST)
    tasks.hold.enqueue("job")
    site.notes.wait_for("begin job 1")
    for _ in range(300):
        worker.send(signal.SIGTSTP)
    worker.send(signal.SIGTERM)
    for _ in range(20):
        worker.send(signal.SIGTERM)
        worker.send(signal.SIGTSTP)
    site.notes.put("release")
    assert worker.end() == 0
    assert site.notes.lines == ["begin job 1", "end job 1"]


@pytest.mark.parametrize("order", list(WorkerCommand))
def test_an_operator_may_ask_for_it_too(
    order: WorkerCommand, site: Site, backend: JobBackend
) -> None:
    site.options["lease"] = 4
    worker = site.start(*FAST)
    wait_until(backend.broker.inspection.workers, "no heartbeat")
    (info,) = backend.broker.inspection.workers()

    assert backend.broker.inspection.command_worker(info.id, order)

    worker.wait_for("Quiet")
    if order is WorkerCommand.QUIET:
        worker.send(signal.SIGTERM)
    assert worker.end() == 0


def test_it_stops_when_nothing_is_left(site: Site, backend: JobBackend) -> None:
    tasks.note.bulk_enqueue([["x"]] * 50)
    tasks.fail_by_default.enqueue("once")
    worker = site.start("--burst")
    assert worker.end() == 0
    assert site.notes.counts == {"x": 50, "once": 1}
    totals = backend.broker.inspection.totals()
    assert (totals.succeeded, totals.failed) == (50, 1)


def test_it_stops_after_so_many_jobs(site: Site, backend: JobBackend) -> None:
    tasks.note.bulk_enqueue([["x"]] * 50)
    worker = site.start("--max-jobs", "7")
    assert worker.end() == 0
    assert site.notes.counts == {"x": 7}
    assert backend.broker.inspection.counts()[State.QUEUED] == 43


def test_the_settings_can_end_a_worker_after_a_number_of_jobs_but_not_a_burst(
    site: Site, backend: JobBackend
) -> None:
    site.options["max_jobs"] = 2
    tasks.note.bulk_enqueue([["x"]] * 5)
    assert site.start().end() == 0
    assert len(site.notes.lines) == 2
    assert site.start("--burst").end() == 0
    assert len(site.notes.lines) == 5


def test_systemd_hears_of_start_life_and_stop(site: Site, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(DEADLINE)
        worker = site.start(
            NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000", ready=False
        )
        assert systemd.recv(1000).startswith(b"READY=1\n")
        assert systemd.recv(1000) == b"WATCHDOG=1"
        worker.send(signal.SIGTERM)
        while (heard := systemd.recv(1000)) == b"WATCHDOG=1":
            pass
        assert heard.startswith(b"STOPPING=1\n")
    assert worker.end() == 0


def test_a_call_from_code_raises_what_the_exit_code_says(
    configure: Callable[..., JobBackend], notes: Notes
) -> None:
    inspection = configure(lease=2).broker.inspection
    tasks.hold.enqueue("job")
    with ThreadPoolExecutor(1) as thread:
        called = thread.submit(call_command, "runworker", shutdown_timeout=0.1, concurrency=1)
        notes.wait_for("begin job 1")
        (worker,) = inspection.workers()
        assert inspection.command_worker(worker.id, WorkerCommand.STOP)
        with pytest.raises(CommandError, match="had to be given back") as stopped:
            called.result(DEADLINE)
    notes.put("release")
    assert stopped.value.returncode == 3
    assert inspection.counts()[State.QUEUED] == 1
    notes.wait_for("end job 1")
