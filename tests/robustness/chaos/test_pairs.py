"""Two faults at a time: when both are over, every job is done."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import override_settings

from django_jobs.backends import RedisBackend
from django_jobs.compat import task_backends
from django_jobs.jobs.records import State
from tests.apps.worker_site.settings import QUEUES
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet
from tests.robustness.chaos.scale import LIMIT, PATIENCE, SCALE
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.workers import Site

pytestmark = LIMIT

LEASE = 2.0
WORKERS = 2
JOBS = 60
"""How many are enqueued before the troubles, and after them: about a third of a second's work."""


@dataclass
class Ground:
    """A fleet that lives through one pair after the other.

    Attributes:
        proxy: through which the workers reach their server.
        connection: to the server, for orders that it may come to later.
        is_full: whether the server may store nothing more.
        kept: how long the append-only file was before the troubles.
        ordered: whether the connection owes an answer.
    """

    fleet: Fleet
    proxy: Proxy
    connection: Any
    is_full: bool = False
    kept: tuple[Path, int] = (Path(), 0)
    ordered: bool = False

    def prepare(self) -> None:
        """See to it that all workers serve, and that no trouble is left."""
        self.start_missing()
        self.connect()

    def start_missing(self) -> None:
        self.fleet.start_ready("-c", "4", number=WORKERS - len(self.fleet.workers))

    def connect(self) -> None:
        self.connection.disconnect()
        self.connection.connect()
        self.ordered = False

    def settle(self) -> None:
        """Wait for what was ordered, and see to it that all workers are there again."""
        if self.ordered:
            self.connection.read_response()
            self.ordered = False
        self.start_missing()

    def remember(self) -> None:
        """Note how much of the data a power cut would leave."""
        # Redis puts off writing while the disk is busy, for up to two seconds.
        self.fleet.wait_until(self.is_written, "Redis does not write")
        files = self.fleet.server.directory.rglob("*.aof")
        path = max(files, key=lambda path: path.stat().st_mtime)
        self.kept = path, path.stat().st_size

    def is_written(self) -> bool:
        return bool(self.fleet.redis.info("persistence")["aof_buffer_length"] == 0)

    def limit_memory(self) -> None:
        self.fleet.redis.config_set("maxmemory", "1" if self.is_full else "0")

    def is_drained(self) -> bool:
        return all(state.is_final for state in self.fleet.counts())


# --- troubles -------------------------------------------------------------------------------------


@contextmanager
def full(ground: Ground) -> Iterator[None]:
    """Redis has no memory left. Workers drain it all the same."""
    ground.is_full = True
    ground.limit_memory()
    yield
    ground.fleet.wait_until(ground.is_drained, "not drained while full")
    ground.is_full = False
    ground.limit_memory()


@contextmanager
def frozen(ground: Ground) -> Iterator[None]:
    """Redis hangs for longer than a lease."""
    ground.fleet.server.freeze()
    until = time.monotonic() + LEASE * 1.1
    try:
        yield
        time.sleep(max(0.0, until - time.monotonic()))
    finally:
        ground.fleet.server.thaw()


@contextmanager
def silent(ground: Ground) -> Iterator[None]:
    """What Redis answers is lost on the way, until workers have missed it."""
    before = ground.fleet.said().count("Can't")
    ground.proxy.swallowing = True
    yield
    ground.fleet.wait_until(
        lambda: ground.fleet.said().count("Can't") > before, "nobody missed an answer"
    )
    ground.proxy.swallowing = False


@contextmanager
def set_back(ground: Ground) -> Iterator[None]:
    """Redis starts again without what it wrote last."""
    ground.fleet.server.kill9()
    os.truncate(*ground.kept)
    ground.fleet.server.start()
    ground.connect()
    ground.limit_memory()
    yield


@contextmanager
def wiped(ground: Ground) -> Iterator[None]:
    """All data is gone. The order is sent, and carried out when Redis comes to it."""
    ground.connection.send_command("FLUSHALL")
    ground.ordered = True
    yield


@contextmanager
def cut(ground: Ground) -> Iterator[None]:
    """All connections end at once."""
    ground.proxy.cut()
    yield


@contextmanager
def killed(ground: Ground) -> Iterator[None]:
    """A worker is killed with its jobs. Another one is started when all is over."""
    ground.fleet.workers.pop(0).kill9()
    yield


Trouble = Callable[[Ground], AbstractContextManager[None]]

TROUBLES: tuple[Trouble, ...] = (full, frozen, silent, set_back, cut, killed, wiped)
PAIRS = [
    pair
    for pair in (permutations if SCALE > 1 else combinations)(TROUBLES, 2)
    if pair[1] is not full  # as workers must be able to drain it
]
"""The second one begins and ends while the first one lasts."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    server = RedisServer()
    server.start()
    proxy = Proxy(server.port)
    common = {"namespace": secrets.token_hex(4), "lease": LEASE}
    entry = {"BACKEND": "django_jobs.backends.RedisBackend", "QUEUES": QUEUES}
    own = {**common, "url": server.url, "socket_timeout": PATIENCE}
    theirs = {**common, "url": proxy.url, "socket_timeout": 0.5}
    variables = {"DJANGO_SETTINGS_MODULE": "tests.robustness.chaos.settings"}
    site = Site(tmp_path_factory.mktemp("pairs"), theirs, variables)
    with override_settings(TASKS={"default": {**entry, "OPTIONS": own}}):
        backend = task_backends["default"]
        assert isinstance(backend, RedisBackend)
        fleet = Fleet(site, server, backend)
        client = redis.Redis.from_url(server.url, socket_timeout=PATIENCE)
        yield Ground(fleet, proxy, client.connection_pool.make_connection())
        fleet.stop()
        fleet.redis.close()
    site.end()
    proxy.close()
    server.stop()


@pytest.mark.parametrize(
    ("first", "second"),
    PAIRS,
    ids=[f"{first.__name__}-{second.__name__}" for first, second in PAIRS],
)
def test_every_job_gets_done_when_both_are_over(
    ground: Ground, first: Trouble, second: Trouble
) -> None:
    fleet = ground.fleet
    ground.prepare()
    begun = fleet.begun()
    before = [job.id for job in tasks.run.bulk_enqueue([[0.1]] * JOBS * SCALE)]
    fleet.wait_for_runs(begun + 10)
    ground.remember()

    with first(ground), second(ground):
        pass
    ground.settle()
    after = [job.id for job in tasks.run.bulk_enqueue([[0.05]] * JOBS * SCALE)]
    fleet.wait_until(lambda: all(succeeded(fleet, after)), "not all that came after ended")
    fleet.wait_until(ground.is_drained, "not all ended")

    runs = fleet.runs()
    assert set(after) <= runs.keys()
    if wiped not in (first, second):
        assert set(before) <= runs.keys()
        assert all(succeeded(fleet, before))


def succeeded(fleet: Fleet, ids: list[str]) -> list[bool]:
    found = fleet.backend.broker.inspection.read(ids)
    return [len(found) == len(ids), *(record.state is State.SUCCEEDED for record in found)]
