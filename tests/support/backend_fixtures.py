"""Fixtures that make a backend the site's."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from tests.apps.backend_site import tasks
from tests.support.results import current_backend

BACKENDS = {
    "thread_pool": "django_jobs.backends.ThreadPoolBackend",
    "redis": "django_jobs.backends.RedisBackend",
    "inline": "django_jobs.backends.InlineBackend",
    "dummy": "django_jobs.backends.DummyBackend",
}
QUEUES = ["critical", "default", "mailers", "low"]

Configure = Callable[..., JobBackend]
"""Makes a backend the site's: `configure("redis", retry=…)`; more aliases by `aliases={…}`."""

Start = Callable[..., JobBackend]
"""Configures the backend under test and its worker: `start(retry=…)`."""


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Nothing has run, and the gate is closed; at the end it opens for the jobs that still wait."""
    tasks.seen = []
    tasks.gate.clear()
    while tasks.at_gate.acquire(blocking=False):
        pass
    yield
    tasks.gate.set()


@pytest.fixture
def configure(request: pytest.FixtureRequest, settings: Any) -> Configure:
    def set_up(kind: str, aliases: dict[str, Any] | None = None, **options: Any) -> JobBackend:
        if kind == "redis":
            # Keys of its own: what earlier tests left behind does not wait for these.
            url = request.getfixturevalue("redis_url")
            options = {"url": url, "namespace": uuid.uuid4().hex, **options}
        entry = {"BACKEND": BACKENDS[kind], "QUEUES": QUEUES, "OPTIONS": options}
        settings.TASKS = {"default": entry, **(aliases or {})}
        return current_backend()

    return set_up
