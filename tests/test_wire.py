"""The connections to Redis that a broker keeps."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import pytest
import redis

from django_jobs.brokers.redis.connection import connect
from django_jobs.brokers.redis.wire import Wire
from tests.servers import RedisServer


class Cut(BaseException):
    """What a timeout of a job may be to a call in it."""


@pytest.fixture
def server(redis_server_factory: Callable[..., RedisServer]) -> RedisServer:
    """A server with nobody else's connections."""
    return redis_server_factory()


@pytest.fixture
def wire(server: RedisServer) -> Iterator[Wire]:
    client = connect(server.url, username=None, password=None, socket_timeout=5)
    yield Wire(client)
    client.close()


def connections(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return len(client.client_list()) - 1


def test_one_connection_serves_call_after_call(wire: Wire, server: RedisServer) -> None:
    for number in range(10):
        assert wire("ECHO", number) == str(number)
    assert connections(server) == 1


def test_calls_at_a_time_have_connections_of_their_own(wire: Wire, server: RedisServer) -> None:
    threads = [threading.Thread(target=wire, args=("BLPOP", "nothing", 30)) for _ in range(3)]
    for thread in threads:
        thread.start()
    with redis.Redis.from_url(server.url) as client:
        while client.info("clients")["blocked_clients"] < 3:
            pass
        client.rpush("nothing", *"abc")
    for thread in threads:
        thread.join(30)
    assert connections(server) == 3


def test_a_connection_that_the_server_closed_is_opened_again(
    wire: Wire, server: RedisServer
) -> None:
    assert wire("ECHO", "before") == "before"
    with redis.Redis.from_url(server.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert wire("ECHO", "after") == "after"


def test_after_a_lost_connection_only_the_last_of_several_commands_is_sent_again(
    wire: Wire, server: RedisServer
) -> None:
    answers: list[str] = []
    thread = threading.Thread(
        target=lambda: answers.append(wire.send(("BLPOP", "nothing", 90), ("ECHO", "last"))())
    )
    thread.start()
    with redis.Redis.from_url(server.url) as client:
        while client.info("clients")["blocked_clients"] < 1:
            pass
        client.client_kill_filter(_type="normal", skipme=True)
    thread.join(30)
    assert answers == ["last"]


def test_what_redis_refuses_leaves_the_connection_usable(wire: Wire, server: RedisServer) -> None:
    with pytest.raises(redis.ResponseError):
        wire("NOSUCHCOMMAND")
    assert wire("ECHO", "next") == "next"
    assert connections(server) == 1


def test_the_answer_to_a_call_that_was_cut_short_is_nobody_elses(
    wire: Wire, server: RedisServer
) -> None:
    def cut(number: int, frame: FrameType | None) -> None:
        raise Cut

    def cut_when_it_waits() -> None:
        with redis.Redis.from_url(server.url) as client:
            while client.info("clients")["blocked_clients"] < 1:
                pass
        signal.pthread_kill(caller, signal.SIGUSR1)

    assert wire("ECHO", "first") == "first"
    before = signal.signal(signal.SIGUSR1, cut)
    caller = threading.get_ident()
    cutting = threading.Thread(target=cut_when_it_waits)
    try:
        cutting.start()
        with pytest.raises(Cut):
            wire("BLPOP", "nothing", 30)
    finally:
        cutting.join(30)
        signal.signal(signal.SIGUSR1, before)
    assert wire("ECHO", "next") == "next"
