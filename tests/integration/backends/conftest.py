"""Fixtures that run a test on each backend, with a worker that takes its jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.worker.worker import Worker
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import (  # noqa: F401 (fixtures)
    Configure,
    Start,
    configure,
    fresh,
)


@pytest.fixture(params=["thread_pool", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each of the backends that run jobs elsewhere than in the caller."""
    name: str = request.param
    return name


@pytest.fixture
def work() -> Iterator[Callable[[JobBackend], Worker | None]]:
    """Starts what runs the jobs of a backend; the thread pool starts by itself."""
    started: list[Worker] = []

    def start(backend: JobBackend) -> Worker | None:
        if not backend.persistent:
            return None
        worker = backend.make_worker()
        worker.sign_on()
        worker.start()
        started.append(worker)
        return worker

    yield start
    tasks.gate.set()
    for worker in started:
        worker.stop(5)


@pytest.fixture
def start(
    configure: Configure,  # noqa: F811
    kind: str,
    work: Callable[[JobBackend], Worker | None],
) -> Callable[..., JobBackend]:
    def set_up(**options: Any) -> JobBackend:
        backend = configure(kind, **options)
        work(backend)
        return backend

    return set_up


@pytest.fixture
def backend(start: Start) -> JobBackend:
    """The backend under test with its defaults, and a worker."""
    return start()
