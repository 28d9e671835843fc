"""Connections to Redis that fall silent, run short, or lead to somebody else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from copy import copy
from socketserver import BaseRequestHandler, TCPServer

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerError, BrokerRefused, BrokerUnavailable
from django_jobs.jobs.records import Job, Lock, State
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.driver import Driver
from tests.support.ports import HOST
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.threads import in_threads
from tests.support.waiting import DEADLINE, NOTHING_HAPPENS, wait_until

Factory = Callable[..., RedisServer]


def test_a_listen_ends_when_the_server_falls_silent(
    redis_server_factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.waits.LONGEST", 0.3)
    server = redis_server_factory()
    broker = RedisBroker(server.url, socket_timeout=1.5)
    worker = Driver(broker)
    worker.listen("default", seconds=0.01)
    server.freeze()

    with pytest.raises(BrokerUnavailable):
        worker.listen("default", seconds=3600)

    server.thaw()
    broker.close()


def test_more_threads_than_redis_py_has_connections_enqueue_while_the_server_stands_still(
    redis_server_factory: Factory,
) -> None:
    server = redis_server_factory()
    broker = RedisBroker(server.url, socket_timeout=DEADLINE)
    broker.push(make_jobs(1))
    server.freeze()
    number = 130
    errors: list[Exception] = []
    begin = threading.Barrier(number + 1)

    def push() -> None:
        begin.wait()
        try:
            broker.push(make_jobs(1))
        except BrokerUnavailable as error:
            errors.append(error)

    threads = [threading.Thread(target=push) for _ in range(number)]
    for thread in threads:
        thread.start()
    begin.wait()
    threading.Event().wait(NOTHING_HAPPENS)
    server.thaw()
    for thread in threads:
        thread.join()

    assert errors == []
    assert broker.inspection.counts()[State.QUEUED] == number + 1
    broker.close()


def test_after_a_failover_the_next_call_goes_to_the_new_primary(
    redis_server_factory: Factory,
) -> None:
    old, new = redis_server_factory(), redis_server_factory()
    address = old.directory / "primary"
    address.symlink_to(old.socket)
    broker = RedisBroker(f"unix://{address}")
    broker.push(make_jobs(1))

    with redis.Redis.from_url(old.url) as client:
        client.replicaof(HOST, new.port)
    address.unlink()
    address.symlink_to(new.socket)
    broker.push(make_jobs(1))

    with redis.Redis.from_url(new.url) as client:
        assert client.zcard("{jobs}:q:default") == 1
    broker.close()


class MailServer(BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"220 mail.example.com ESMTP\r\n")
        while self.request.recv(4096):
            pass


def test_a_server_that_is_not_redis_is_recognized() -> None:
    with TCPServer((HOST, 0), MailServer) as other:
        threading.Thread(target=other.serve_forever).start()
        broker = RedisBroker(f"redis://{HOST}:{other.server_address[1]}/0")

        with pytest.raises(BrokerRefused, match="not Redis: check REDIS_URL"):
            broker.push(make_jobs(1))

        broker.close()
        other.shutdown()


# --- late copies of a push ------------------------------------------------------------------------


def finish(worker: Driver, broker: RedisBroker, jobs: list[Job]) -> None:
    worker.settle(*map(succeeded, worker.take(len(jobs))))


def delete(worker: Driver, broker: RedisBroker, jobs: list[Job]) -> None:
    for job in jobs:
        broker.inspection.delete(job.id)


def clear(worker: Driver, broker: RedisBroker, jobs: list[Job]) -> None:
    broker.inspection.clear("default")


@pytest.mark.parametrize("end", [finish, delete, clear])
def test_a_push_that_is_sent_again_after_its_jobs_are_forgotten_stores_nothing(
    redis_url: str, redis_server: RedisServer, end: Callable[..., None]
) -> None:
    jobs = make_jobs(3, result_ttl=0)
    direct = RedisBroker(redis_url)
    inspection = direct.inspection
    proxy = Proxy(redis_server.port)
    through = RedisBroker(proxy.url, socket_timeout=DEADLINE)
    through.push(make_jobs(1))
    assert inspection.clear("default") == 1
    proxy.swallowing = True
    pushing = threading.Thread(target=through.push, args=[jobs])
    pushing.start()
    while inspection.counts()[State.QUEUED] < len(jobs):
        pass
    end(Driver(direct), direct, jobs)
    assert sum(inspection.counts().values()) == 0

    # The answer is lost with the connection, so that the push is sent again.
    proxy.swallowing = False
    proxy.cut()
    pushing.join(DEADLINE)

    assert not pushing.is_alive()
    assert sum(inspection.counts().values()) == 0
    through.push(make_jobs(2))
    assert inspection.counts()[State.QUEUED] == 2
    for closable in (through, direct, proxy):
        closable.close()


def test_a_push_that_was_refused_halfway_and_is_sent_again_stores_its_jobs(
    redis_url: str, redis_server: RedisServer
) -> None:
    proxy = Proxy(redis_server.port)
    broker = RedisBroker(proxy.url, socket_timeout=DEADLINE)
    broker.push(make_jobs(1))
    with redis.Redis.from_url(redis_url) as client:
        client.delete("{jobs}:q:default")
        client.set("{jobs}:q:default", "not ours")
        proxy.swallowing = True
        pushing = threading.Thread(target=broker.push, args=[make_jobs(2)])
        pushing.start()
        wait_until(lambda: client.get("{jobs}:seq") == b"3")
        client.delete("{jobs}:q:default")

        proxy.swallowing = False
        proxy.cut()
        pushing.join(DEADLINE)

        assert not pushing.is_alive()
        assert client.zcard("{jobs}:q:default") == 2
    for closable in (broker, proxy):
        closable.close()


def test_a_push_of_unique_jobs_that_is_sent_again_returns_the_same(
    redis_url: str, redis_server: RedisServer
) -> None:
    """Although the job with which one was merged has ended in the meantime."""
    direct, proxy = RedisBroker(redis_url), Proxy(redis_server.port)
    through = RedisBroker(proxy.url, socket_timeout=DEADLINE)
    through.push(make_jobs(1))
    direct.inspection.clear("default")
    direct.push([make_job(id="holder", lock=Lock("d1"), result_ttl=0)])
    jobs = [make_job(id="new", lock=Lock("d2")), make_job(id="merged", lock=Lock("d1"))]
    ids: list[str] = []
    proxy.swallowing = True
    pushing = threading.Thread(target=lambda: ids.extend(through.push(jobs)))
    pushing.start()
    wait_until(lambda: direct.inspection.counts()[State.QUEUED] == 2)
    worker = Driver(direct)
    worker.settle(*map(succeeded, worker.take(2)))

    proxy.swallowing = False
    proxy.cut()
    pushing.join(DEADLINE)

    assert ids == ["new", "holder"]
    assert direct.inspection.counts()[State.QUEUED] == 0
    for closable in (direct, through, proxy):
        closable.close()


def push_five(broker: RedisBroker) -> None:
    for _ in range(5):
        broker.push(make_jobs(1))


def test_pushes_of_threads_and_forks_are_distinguished(redis_url: str) -> None:
    broker = RedisBroker(redis_url)
    broker.push(make_jobs(1))
    in_threads(8, lambda _: push_five(broker))
    child = os.fork()
    if not child:
        push_five(broker)
        os._exit(0)
    push_five(broker)
    os.waitpid(child, 0)

    assert broker.inspection.counts()[State.QUEUED] == 1 + 8 * 5 + 2 * 5
    broker.close()


def test_a_copy_of_a_running_machine_pushes_under_a_name_of_its_own(redis_url: str) -> None:
    broker, copied = RedisBroker(redis_url), RedisBroker(redis_url)
    broker.push(make_jobs(1))
    sender = broker._pusher._senders.take()  # noqa: SLF001 (a machine is copied with all its memory)
    copied._pusher._senders.put_back(copy(sender))  # noqa: SLF001
    sender._last += 10**9  # noqa: SLF001 (its clock is ahead of the copy's)
    broker._pusher._senders.put_back(sender)  # noqa: SLF001

    broker.push(make_jobs(1))
    copied.push(make_jobs(1))

    assert broker.inspection.counts()[State.QUEUED] == 3
    broker.close()
    copied.close()


def test_of_senders_that_are_gone_not_all_are_remembered(redis_url: str) -> None:
    broker = RedisBroker(redis_url)
    broker.push(make_jobs(1))
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        (sender,) = client.zrange("{jobs}:pushes", 0, -1)
        client.zadd("{jobs}:pushes", {f"gone {number}": number for number in range(11_000)})
        Driver(broker).heartbeat()
        assert client.zcard("{jobs}:pushes") == 10_000
        assert client.zscore("{jobs}:pushes", sender)
    broker.close()


# --- a node of a cluster --------------------------------------------------------------------------


def test_the_wrong_node_of_a_cluster_says_which_setting_to_change(
    redis_server_factory: Factory,
) -> None:
    server = redis_server_factory("cluster-enabled yes")
    broker = RedisBroker(server.url)
    with pytest.raises(BrokerUnavailable, match="is a node of a cluster that is down"):
        broker.push(make_jobs(1))
    other = redis_server_factory("cluster-enabled yes")
    with redis.Redis.from_url(other.url) as there, redis.Redis.from_url(server.url) as here:
        there.execute_command("CLUSTER", "ADDSLOTS", *range(16384))
        here.execute_command("CLUSTER", "MEET", HOST, other.port)
        wrong = again_until(
            lambda: refusal(broker), lambda text: "another node has the jobs" in text
        )
    assert "write redis+cluster:// instead of redis:// in REDIS_URL" in wrong
    broker.close()


def refusal(broker: RedisBroker) -> str:
    with pytest.raises(BrokerError) as raised:
        broker.push(make_jobs(1))
    return str(raised.value)


def again_until(ask: Callable[[], str], fits: Callable[[str], bool]) -> str:
    """Ask until the answer fits."""
    end = time.monotonic() + DEADLINE
    while not fits(answer := ask()):
        assert time.monotonic() < end, answer
        time.sleep(0.05)
    return answer
