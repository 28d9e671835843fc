"""Connections to Redis that fall silent, run short, or lead to somebody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from socketserver import BaseRequestHandler, TCPServer

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused, BrokerUnavailable
from django_jobs.job import State
from tests.contract.tools import DEADLINE, NOTHING_HAPPENS, make_jobs
from tests.servers import HOST, RedisServer

Factory = Callable[..., RedisServer]


def test_a_wait_ends_when_the_server_falls_silent(
    redis_server_factory: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.waits.LONGEST", 0.3)
    server = redis_server_factory()
    broker = RedisBroker(server.url, socket_timeout=1.5)
    broker.wait(["default"], 0.01)
    server.freeze()

    with pytest.raises(BrokerUnavailable):
        broker.wait(["default"], 3600)

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


def test_something_else_at_the_address_is_told_from_redis() -> None:
    with TCPServer((HOST, 0), MailServer) as other:
        threading.Thread(target=other.serve_forever).start()
        broker = RedisBroker(f"redis://{HOST}:{other.server_address[1]}/0")

        with pytest.raises(BrokerRefused, match="no Redis: check REDIS_URL"):
            broker.push(make_jobs(1))

        broker.close()
        other.shutdown()
