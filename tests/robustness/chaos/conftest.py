"""Fleets of worker processes, each with a server of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from django_jobs.backends import RedisBackend
from django_jobs.compat import task_backends
from tests.apps.worker_site.settings import QUEUES
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, PATIENCE, SCALE
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.workers import Site


@pytest.fixture
def make_fleet(
    tmp_path: Path, settings: Any, redis_server_factory: Callable[..., RedisServer]
) -> Iterator[MakeFleet]:
    """Makes a fleet: `make_fleet("appendfsync always", lease=4)`.

    Its workers reach the server through a proxy if asked to, and this process directly.
    """
    made: list[Fleet] = []

    def make(*server_options: str, through_proxy: bool = False, **options: Any) -> Fleet:
        server = redis_server_factory(*server_options)
        common = {"namespace": secrets.token_hex(4), **options}
        redis = {"BACKEND": "django_jobs.backends.RedisBackend", "QUEUES": QUEUES}
        # The test itself has time for each answer, however little its workers give to theirs.
        own = {**common, "url": server.url, "socket_timeout": min(PATIENCE, 600)}
        settings.TASKS = {"default": {**redis, "OPTIONS": own}}
        proxy = Proxy(server.port) if through_proxy else None
        url = proxy.url if proxy else server.url
        variables = {"DJANGO_SETTINGS_MODULE": "tests.robustness.chaos.settings"}
        backend = task_backends["default"]
        assert isinstance(backend, RedisBackend)
        site = Site(tmp_path, {**common, "url": url}, variables)
        made.append(Fleet(site, server, backend, proxy))
        return made[-1]

    yield make
    for fleet in made:
        fleet.site.end()
        if fleet.through:
            fleet.through.close()
        fleet.redis.close()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Show the figures of a large run."""
    if FIGURES and (SCALE > 1 or os.environ.get("CHAOS_SCALE")):
        terminalreporter.section("chaos")
        for figure in FIGURES:
            terminalreporter.line(figure)
