"""What a server that cannot take jobs answers, in sentences that say what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused
from tests.redis.servers.helpers import pushed, refusal
from tests.support.builders import make_jobs
from tests.support.driver import Driver, taking
from tests.support.ports import HOST, free_port
from tests.support.redis_server import RedisServer, server_version
from tests.support.waiting import wait_until

Factory = Callable[..., RedisServer]


@pytest.fixture
def server(redis_server_factory: Factory) -> RedisServer:
    return redis_server_factory()


def ask(server: RedisServer, *command: str | int) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.execute_command(*command)


def test_a_replica_says_where_changes_go(
    server: RedisServer, redis_server_factory: Factory
) -> None:
    replica = redis_server_factory()
    ask(replica, "REPLICAOF", HOST, server.port)
    said = refusal(replica.url)
    assert "is a read-only replica, perhaps during a failover: let REDIS_URL" in said
    assert "its sentinels (redis+sentinel://)" in said


def test_a_replica_that_becomes_the_primary_takes_jobs_again(server: RedisServer) -> None:
    broker = RedisBroker(server.url)
    worker = Driver(broker, "w1")
    broker.push(make_jobs(3))
    ask(server, "REPLICAOF", HOST, free_port())
    said = refusal(server.url)
    ask(server, "REPLICAOF", "NO", "ONE")

    broker.push(make_jobs(1))

    assert "read-only replica" in said
    assert len(worker.take(10)) == 4
    broker.close()


def test_a_primary_with_too_few_replicas_names_the_setting(server: RedisServer) -> None:
    ask(server, "CONFIG", "SET", "min-replicas-to-write", 1)
    said = refusal(server.url)
    assert "has fewer replicas than its min-replicas-to-write, and takes no changes" in said
    ask(server, "CONFIG", "SET", "min-replicas-to-write", 0)
    assert pushed(server.url) == 1


def test_a_replica_without_its_primary_says_to_wait_or_to_name_the_primary(
    server: RedisServer,
) -> None:
    ask(server, "CONFIG", "SET", "replica-serve-stale-data", "no")
    ask(server, "REPLICAOF", HOST, free_port())
    said = refusal(server.url)
    assert "is a replica that has lost its primary: wait for the failover" in said


def test_a_server_that_is_loading_its_data_says_so(
    server: RedisServer, redis_server_factory: Factory
) -> None:
    if server_version() < (7,):
        pytest.skip("Before Redis 7, a server that is loading answers too seldom.")
    with redis.Redis.from_url(server.url) as client:
        client.config_set("rdbcompression", "no")
        client.config_set("repl-diskless-sync-delay", 0)
        client.mset({f"ballast:{number}": "x" * 2048 for number in range(3_000)})
    # It takes a while over each key, and answers calls after each.
    slow = redis_server_factory(
        "key-load-delay 10000", "loading-process-events-interval-bytes 1024"
    )
    ask(slow, "REPLICAOF", HOST, server.port)
    with redis.Redis.from_url(slow.url) as client:
        wait_until(lambda: client.info("persistence")["loading"], "it does not load")

    said = refusal(slow.url)

    assert "is still loading its data; it will answer when it is done" in said


def test_a_database_that_does_not_exist_is_named(server: RedisServer) -> None:
    said = refusal(server.url.replace("/0", "/99"), BrokerRefused)
    assert "has no such database: check the number in REDIS_URL" in said


def test_a_command_that_is_refused_at_connecting_reaches_a_worker_as_ours(
    server: RedisServer,
) -> None:
    broker = RedisBroker(server.url.replace("/0", "/99"))
    worker = Driver(broker, "w1")
    with pytest.raises(BrokerRefused, match="has no such database"):
        worker.session.exchange([], taking("default", limit=1)).result()
    broker.close()
