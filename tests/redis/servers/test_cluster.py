"""Redis Cluster: the way to the node that has the jobs, moves of its slot, and failovers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from django_jobs.backends import RedisBackend
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import State
from tests.redis.servers.helpers import Producer, not_run, pushed, refusal
from tests.support.cluster import Cluster, namespace_in, slot_of, started_cluster
from tests.support.ports import HOST, free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.workers import Site

FIRST, SECOND, THIRD = (namespace_in(part) for part in range(3))
"""Namespaces whose keys begin on different nodes."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = started_cluster()
    yield made
    made.stop()


@pytest.fixture
def on_cluster(
    configure: Callable[..., RedisBackend], site: Site
) -> Callable[[str, str], RedisBackend]:
    """Sets the address and the namespace of this process, and of workers that it starts."""

    def use(url: str, namespace: str) -> RedisBackend:
        options: dict[str, Any] = {"url": url, "namespace": namespace, "socket_timeout": 20}
        site.options.update(options)
        return configure(**options)

    return use


def running(cluster: Cluster) -> list[RedisServer]:
    return [server for server in cluster.servers if server.is_running]


def test_each_node_leads_to_the_one_that_has_the_jobs(cluster: Cluster) -> None:
    urls = [cluster.url_of(server) for server in running(cluster)]
    numbers = [pushed(url, namespace=THIRD) for url in urls]
    assert numbers == list(range(1, len(urls) + 1))
    with cluster.client(cluster.owner(THIRD)) as client:
        assert client.zcard(f"{{{THIRD}}}:q:default") == len(urls)


def test_namespaces_share_the_cluster(cluster: Cluster) -> None:
    names = [f"{name}-shared" for name in (FIRST, SECOND, THIRD)]
    assert [pushed(cluster.url, namespace=name) for name in names] == [1, 1, 1]


def test_the_checks_ask_the_node_that_has_the_jobs(cluster: Cluster) -> None:
    broker = RedisBroker(cluster.url, namespace=SECOND)
    assert broker.config_warnings() == ()
    assert broker.store_info().persistence == "log"
    broker.close()


def test_a_slot_moves_to_another_node_while_jobs_run_each_once(
    cluster: Cluster, on_cluster: Callable[[str, str], RedisBackend], site: Site
) -> None:
    backend = on_cluster(cluster.url, SECOND)
    worker = site.start("-c", "5")
    assert f"keeps jobs in {cluster.url}, namespace " in worker.said
    producer = Producer(3_000)
    producer.start()
    source = cluster.owner(SECOND)
    target = cluster.owner(THIRD)
    wait_until(lambda: len(producer.began) > 1_000, "too few jobs")

    assert cluster.move(SECOND, target) > 10

    assert cluster.owner(SECOND) is target
    producer.join()
    assert producer.failures == []
    wait_until(lambda: not not_run(set(producer.began), site.notes), "some did not run")
    assert set(site.notes.counts.values()) == {1}
    wait_until(lambda: _counts(backend) == {State.SUCCEEDED: len(producer.began)}, "some are open")
    assert worker.stop() == 0
    assert "Traceback" not in worker.said
    with cluster.client(source) as client:
        assert client.cluster("COUNTKEYSINSLOT", slot_of(SECOND)) == 0


def _counts(backend: RedisBackend) -> dict[State, int]:
    counts = backend.broker.inspection.counts()
    return {state: number for state, number in counts.items() if number}


def test_a_failover_of_the_only_node_in_the_url_loses_no_job_that_was_replicated(
    cluster: Cluster, on_cluster: Callable[[str, str], RedisBackend], site: Site
) -> None:
    backend = on_cluster(cluster.url_of(cluster.owner(FIRST)), FIRST)
    worker = site.start("-c", "5")
    producer = Producer(3_000)
    producer.start()
    wait_until(lambda: len(producer.began) > 1_000, "too few jobs")

    safe = set(producer.began)
    wait_until(lambda: cluster.replicas_in_step(FIRST), "the replica has not everything")
    cluster.fail_over(FIRST)
    over = time.monotonic()
    producer.join()

    safe |= {number for number, began in producer.began.items() if began > over}
    wait_until(lambda: not not_run(safe, site.notes), lambda: f"lost: {not_run(safe, site.notes)}")
    wait_until(lambda: set(_counts(backend)) == {State.SUCCEEDED}, lambda: str(_counts(backend)))
    assert max(site.notes.counts.values()) <= 2
    assert worker.stop() == 0
    assert "Traceback" not in worker.said


# --- what is wrong is said ------------------------------------------------------------------------


def test_a_slot_on_its_way_takes_no_jobs_until_it_has_arrived(cluster: Cluster) -> None:
    # Else a script would find some keys of the jobs on one node, and some on the other.
    namespace = f"{THIRD}-on-its-way"
    slot, source = slot_of(namespace), cluster.owner(namespace)
    target = next(
        server
        for server in (cluster.owner(name) for name in (FIRST, SECOND, THIRD))
        if server is not source
    )
    assert pushed(cluster.url, namespace=namespace) == 1
    cluster.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", cluster.id_of(source))
    cluster.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", cluster.id_of(target))

    said = refusal(cluster.url, namespace=namespace)

    assert "is moving the jobs to another node of its cluster" in said
    for server in (source, target):
        cluster.ask(server, "CLUSTER", "SETSLOT", slot, "STABLE")
    assert pushed(cluster.url, namespace=namespace) == 2


def test_the_address_of_one_server_at_a_node_says_what_to_write(cluster: Cluster) -> None:
    wrong = next(server for server in running(cluster) if server is not cluster.owner(THIRD))
    said = refusal(wrong.url, BrokerRefused, namespace=THIRD)
    assert "another node has the jobs: write redis+cluster:// instead of redis://" in said


def test_a_slot_that_no_node_serves_is_named(
    redis_server_factory: Callable[..., RedisServer],
) -> None:
    server = redis_server_factory("cluster-enabled yes")
    said = refusal(server.url.replace("redis://", "redis+cluster://"))
    assert f"no node serves slot {slot_of('jobs')} at present" in said


def test_a_server_that_is_no_node_says_so(
    redis_server_factory: Callable[..., RedisServer],
) -> None:
    server = redis_server_factory()
    said = refusal(server.url.replace("redis://", "redis+cluster://"))
    assert f"{HOST}:{server.port}: " in said
    assert "cluster support disabled" in said


def test_nodes_that_do_not_run_are_named() -> None:
    port = free_port()
    assert f"{HOST}:{port}: Error" in refusal(f"redis+cluster://{HOST}:{port}")


def test_a_cluster_that_is_down_says_so(cluster: Cluster, redis_server_factory: Any) -> None:
    server = redis_server_factory("cluster-enabled yes", "cluster-require-full-coverage yes")
    with cluster.client(server) as client:
        client.cluster("ADDSLOTS", slot_of("jobs"))
    said = refusal(server.url.replace("redis://", "redis+cluster://"))
    assert "is a node of a cluster that is down: wait for its failover" in said
