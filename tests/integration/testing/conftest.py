"""Jobs that wait, with either broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from django_jobs.testing import override_backend


@pytest.fixture(params=["dummy", "redis"])
def waiting(request: pytest.FixtureRequest) -> Iterator[None]:
    """An empty backend with each of the brokers, whose jobs wait."""
    options = {"url": request.getfixturevalue("redis_url")} if request.param == "redis" else {}
    with override_backend(request.param, **options):
        yield


@pytest.fixture(autouse=True)
def notes() -> Iterator[None]:
    """What the tasks remember is of one test."""
    cache.delete("notes")
    yield
    cache.delete("notes")
