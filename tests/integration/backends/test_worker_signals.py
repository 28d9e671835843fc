"""The signals that workers send about themselves and about stuck jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from django_jobs.backends import JobBackend
from django_jobs.backends.embedded import EmbeddedWorker
from django_jobs.backends.per_process import process_instances
from django_jobs.signals import worker_started, worker_stopped
from django_jobs.worker.worker import Worker
from tests.apps.backend_site import tasks
from tests.integration.backends.helpers import connected
from tests.support.backend_fixtures import Configure
from tests.support.results import succeeded
from tests.support.waiting import wait_until


def test_the_start_and_the_stop_of_a_worker_are_told_once(
    kind: str, configure: Configure, work: Callable[[JobBackend], Worker | None]
) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []

    def hear_start(**arguments: Any) -> None:
        heard.append(("started", arguments))

    def hear_stop(**arguments: Any) -> None:
        heard.append(("stopped", arguments))

    with connected(worker_started, hear_start), connected(worker_stopped, hear_stop):
        backend = configure(kind)
        worker = work(backend)
        succeeded(tasks.echo.enqueue())
        wait_until(lambda: heard)
        if worker is None:
            for pool in process_instances(EmbeddedWorker):
                pool.drain()
        else:
            worker.stop(5)
            worker.stop(5)
        wait_until(lambda: len(heard) > 1)

    (first, started), (second, stopped) = heard
    assert (first, second) == ("started", "stopped")
    assert started["worker"] == stopped["worker"]
    assert started["backend"] == stopped["backend"] == "default"
    assert started["sender"] is stopped["sender"] is type(backend)
    assert isinstance(started["queues"], tuple)
    assert (stopped["given_back"], stopped["failed"]) == (0, False)


def test_a_receiver_that_fails_keeps_no_worker_from_its_jobs(
    kind: str,
    configure: Configure,
    work: Callable[[JobBackend], Worker | None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(**_: Any) -> None:
        raise LookupError("the receiver broke down")

    with connected(worker_started, fail):
        work(configure(kind))
        assert succeeded(tasks.echo.enqueue()) == [[], {}]
        wait_until(lambda: "the receiver broke down" in caplog.text)
