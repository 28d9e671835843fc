"""Fixtures of the ties to other projects: a backend with a worker that takes its jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from django_jobs.backends import JobBackend
from tests.support.backend_fixtures import Configure, configure, fresh  # noqa: F401 (fixtures)


@pytest.fixture(params=["thread_pool", "redis"])
def backend(request: pytest.FixtureRequest, configure: Configure) -> Iterator[JobBackend]:  # noqa: F811
    backend = configure(request.param)
    if not backend.persistent:
        yield backend
        return
    worker = backend.make_worker()
    worker.sign_on()
    worker.start()
    yield backend
    worker.stop(5)
