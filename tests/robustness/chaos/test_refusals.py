"""A server that refuses calls in five ways: the worker survives, and continues afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest
import redis

from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE
from tests.support.ports import HOST
from tests.support.redis_server import RedisServer

pytestmark = LIMIT

LOADING, FULL = "LOADING", "OOM"
KEYS = 200
SLOW = ("key-load-delay 5000", "loading-process-events-interval-bytes 1024")
"""Lines of redis.conf: five milliseconds for each key, with answers in between."""


@contextmanager
def full(fleet: Fleet) -> Iterator[None]:
    fleet.redis.config_set("maxmemory", "1")
    yield
    fleet.redis.config_set("maxmemory", "0")


@contextmanager
def read_only(fleet: Fleet, primary: RedisServer) -> Iterator[None]:
    """The server is a replica for a while, of a server that has its data."""
    with redis.Redis.from_url(primary.url) as other:
        other.replicaof(HOST, fleet.server.port)
        fleet.wait_until(
            lambda: other.info("replication")["master_link_status"] == "up", "no replica"
        )
        other.replicaof("NO", "ONE")
    fleet.redis.replicaof(HOST, primary.port)
    yield
    fleet.redis.replicaof("NO", "ONE")


@contextmanager
def busy(fleet: Fleet) -> Iterator[None]:
    """Somebody's script never ends."""
    fleet.redis.config_set("lua-time-limit", "50")

    def loop() -> None:
        with redis.Redis.from_url(fleet.server.url) as other, suppress(redis.ResponseError):
            other.eval("while true do end", 0)

    thread = threading.Thread(target=loop)
    thread.start()
    yield
    fleet.redis.script_kill()
    thread.join()


@contextmanager
def unable_to_save(fleet: Fleet) -> Iterator[None]:
    """A directory stands where the snapshot is to go."""
    snapshot = fleet.server.directory / "dump.rdb"
    if not snapshot.is_dir():
        snapshot.unlink(missing_ok=True)
        (snapshot / "in the way").mkdir(parents=True)
    fleet.redis.config_set("save", "3600 1")
    fleet.redis.bgsave()
    fleet.wait_until(
        lambda: fleet.redis.info("persistence")["rdb_last_bgsave_status"] == "err", "it saves"
    )
    yield
    fleet.redis.config_set("save", "")


@contextmanager
def loading(fleet: Fleet) -> Iterator[None]:
    """The server restarts, and is not ready for a while, in which a call of the worker falls."""
    fleet.redis.mset({f"ballast:{number}": number for number in range(KEYS)})
    fleet.redis.bgrewriteaof()
    fleet.wait_until(
        lambda: not fleet.redis.info("persistence")["aof_rewrite_in_progress"], "no end"
    )

    def restarted() -> int:
        fleet.server.kill9()
        fleet.server.start()
        return rejected(fleet.redis)

    fleet.wait_until(restarted, "no call met it")
    yield


Ailment = Callable[[Fleet], AbstractContextManager[None]]


@pytest.fixture
def ailments(redis_server_factory: Callable[..., RedisServer]) -> dict[str, Ailment]:
    """Each with what a worker says of it, if it notices."""
    primary = redis_server_factory()
    return {
        "is a read-only replica": lambda fleet: read_only(fleet, primary),
        "is busy with somebody's script": busy,
        "can't write to its disk": unable_to_save,
        FULL: full,
        LOADING: loading,
    }


def test_a_worker_lives_through_all_that_redis_answers(
    make_fleet: MakeFleet, ailments: dict[str, Ailment]
) -> None:
    fleet = make_fleet(*SLOW, lease=2)
    # Heartbeats are due all the time; and nobody else is there to miss one.
    fleet.start("-c", "4", ready=True)
    ids: list[str] = []
    for number in range(SCALE):
        for words, ailment in ailments.items():
            release = f"release-{number}-{words[:8]}"
            results = tasks.hold.bulk_enqueue([[release]] * 8)
            ids += [result.id for result in results]
            fleet.wait_for_runs(len(ids) - 4)
            suffer(fleet, ailment, words, release)
            fleet.wait_for_ends(len(ids))

    fleet.assert_each_ran_once(ids)
    FIGURES.append(f"Refusals: {5 * SCALE} spells of OOM, LOADING, READONLY, BUSY and MISCONF.")
    fleet.stop()


def suffer(fleet: Fleet, ailment: Ailment, words: str, release: str) -> None:
    """End jobs while the server is not well, until the worker has noticed."""
    said = fleet.said().count(words)
    with ailment(fleet):
        fleet.site.notes.put(release)
        if words == FULL:
            fleet.wait_until(lambda: set(fleet.counts()) == {State.SUCCEEDED}, "not drained")
        elif words != LOADING:
            fleet.wait_until(lambda: fleet.said().count(words) > said, "not noticed")


def rejected(client: redis.Redis) -> int:
    """Return how many calls of scripts a server refused since it was started."""
    statistics = client.info("commandstats").get("cmdstat_evalsha", {})
    return int(statistics.get("rejected_calls", 0))
