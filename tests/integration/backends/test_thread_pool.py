"""The thread pool of a process: its bound, its start, and how it stops."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from django_jobs.backends import ThreadPoolBackend
from django_jobs.errors import BrokerRefused, QueueFull
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure
from tests.support.results import current_backend, ended, succeeded
from tests.support.waiting import DEADLINE, wait_until


def pool_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if "django-jobs" in thread.name}


def pool_backend(configure: Configure, **options: Any) -> ThreadPoolBackend:
    backend = configure("thread_pool", **options)
    assert isinstance(backend, ThreadPoolBackend)
    return backend


def test_a_full_pool_blocks_and_then_says_what_to_do(configure: Configure) -> None:
    configure("thread_pool", concurrency=1, max_queued=3, full_timeout=0.1)
    tasks.wait_at_gate.enqueue("running")
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    results = [tasks.note.enqueue(number) for number in range(3)]
    with pytest.raises(QueueFull, match=r"max_queued or full_timeout.*JOB_BACKEND=redis"):
        tasks.note.enqueue("one too many")
    tasks.gate.set()
    for result in results:
        ended(result)
    assert tasks.seen == ["running", 0, 1, 2]


def test_a_full_pool_takes_a_job_as_soon_as_there_is_room(configure: Configure) -> None:
    configure("thread_pool", concurrency=1, max_queued=3, full_timeout=DEADLINE)
    tasks.wait_at_gate.enqueue("running")
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    threading.Timer(0.1, tasks.gate.set).start()
    results = [tasks.note.enqueue(number) for number in range(20)]
    assert [ended(result).status for result in results] == ["SUCCESSFUL"] * 20


def test_jobs_that_fill_their_own_pool_get_an_error_instead_of_waiting_forever(
    configure: Configure,
) -> None:
    configure("thread_pool", concurrency=2, max_queued=2, full_timeout=0.2)
    results = [tasks.flood.enqueue() for _ in range(2)]
    answers = [succeeded(result) for result in results]
    assert "QueueFull" in answers
    wait_until(lambda: tasks.seen.count("flooded") >= 2)
    assert succeeded(tasks.echo.enqueue("works again")) == [["works again"], {}]


def test_nothing_is_started_before_the_first_job(configure: Configure) -> None:
    before = pool_threads()
    backend = pool_backend(configure)
    backend.broker.inspection.counts()
    assert pool_threads() <= before  # an earlier pool may still be ending


def test_new_settings_end_the_pool_and_forget_its_jobs(configure: Configure) -> None:
    first = pool_backend(configure, concurrency=1)
    result = tasks.echo.enqueue(1)
    succeeded(result)
    second = pool_backend(configure, concurrency=2)
    assert first.alias == second.alias
    assert second.broker.inspection.find(result.id) is None
    assert second.broker.inspection.workers() == ()
    assert succeeded(tasks.echo.enqueue(2)) == [[2], {}]


def test_new_settings_leave_no_thread_of_the_pool(
    configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.waits.LONGEST", 0.1)
    before = threading.enumerate()
    configure("thread_pool")
    succeeded(tasks.echo.enqueue(1))
    started = [thread for thread in threading.enumerate() if thread not in before]
    assert started
    configure("dummy")
    wait_until(lambda: not any(thread.is_alive() for thread in started), lambda: repr(started))


def test_jobs_that_are_enqueued_while_the_pool_drains_run_too(configure: Configure) -> None:
    backend = pool_backend(configure, concurrency=1)
    first = tasks.relay.enqueue(3)
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    draining = threading.Thread(target=backend.pool.drain)
    draining.start()
    tasks.gate.set()
    draining.join(DEADLINE)
    assert not draining.is_alive()
    assert succeeded(first) is None
    assert tasks.seen == [3, 2, 1, 0]
    assert len(backend.broker.inspection.workers()) == 0


def test_a_drained_pool_refuses_jobs_instead_of_losing_them(configure: Configure) -> None:
    backend = pool_backend(configure)
    succeeded(tasks.echo.enqueue(1))
    backend.pool.drain()
    backend.pool.drain()
    with pytest.raises(BrokerRefused, match="This process is ending"):
        tasks.echo.enqueue(2)
    assert not backend.broker.inspection.counts()["queued"]  # type: ignore[index]


def test_lost_jobs_are_named_at_the_end(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    backend = pool_backend(configure, concurrency=1, shutdown_timeout=0.1)
    running = tasks.wait_at_gate.enqueue()
    assert tasks.at_gate.acquire(timeout=DEADLINE)
    queued = tasks.echo.enqueue(1)
    scheduled = tasks.later().enqueue(2)
    with caplog.at_level(logging.ERROR, logger="django_jobs"):
        backend.pool.drain()
    summary, names = errors(caplog)
    assert "3 jobs in its memory are lost" in summary
    assert "2 of tests.apps.backend_site.tasks.echo" in summary
    assert "JOB_BACKEND=redis" in summary
    assert all(result.id in names for result in (running, queued, scheduled))


def test_a_single_lost_job_is_counted_in_the_singular(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    backend = pool_backend(configure, shutdown_timeout=0)
    tasks.later().enqueue(1)
    with caplog.at_level(logging.ERROR, logger="django_jobs"):
        backend.pool.drain()
    assert "1 job in its memory is lost" in errors(caplog)[0]


def test_however_many_are_lost_each_is_named(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    backend = pool_backend(configure, shutdown_timeout=0)
    results = tasks.later().bulk_enqueue([[number] for number in range(250)])
    with caplog.at_level(logging.ERROR, logger="django_jobs"):
        backend.pool.drain()
    _, *lines = errors(caplog)
    assert [line.count("echo") for line in lines] == [100, 100, 50]
    assert all(f"({result.id})" in "".join(lines) for result in results)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_an_idle_pool_drains_at_once_and_says_nothing(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    backend = pool_backend(configure)
    succeeded(tasks.echo.enqueue(1))
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="django_jobs"):
        backend.pool.drain()
    assert caplog.messages == []
    assert current_backend().broker.inspection.workers() == ()
