"""The connections to Redis that a broker keeps."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest
import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.brokers.redis.connection import connect
from django_jobs.brokers.redis.raw_client import RawClient
from django_jobs.brokers.redis.resending import Resending
from django_jobs.brokers.redis.senders import Senders
from django_jobs.conf.redis_url import read_redis_url
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Job, State
from tests.support.builders import make_jobs
from tests.support.driver import found, ids
from tests.support.ports import HOST
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer


class Cut(BaseException):
    """What a timeout of a job may be to a call in it."""


@pytest.fixture
def server(redis_server_factory: Callable[..., RedisServer]) -> RedisServer:
    """A server with nobody else's connections."""
    return redis_server_factory()


@pytest.fixture
def raw_client(server: RedisServer) -> Iterator[RawClient]:
    client = connect(read_redis_url(server.url), key="jobs", socket_timeout=60)
    raw_client = RawClient(client, Resending(seconds=60, connecting=5))
    yield raw_client
    raw_client.close()


def connections(server: RedisServer) -> int:
    with redis.Redis.from_url(server.url) as client:
        return len(client.client_list()) - 1


def test_one_connection_serves_call_after_call(raw_client: RawClient, server: RedisServer) -> None:
    for number in range(10):
        assert raw_client("ECHO", number) == str(number)
    assert connections(server) == 1


def test_calls_at_a_time_have_connections_of_their_own(
    raw_client: RawClient, server: RedisServer
) -> None:
    threads = [threading.Thread(target=raw_client, args=("BLPOP", "nothing", 30)) for _ in range(3)]
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
    raw_client: RawClient, server: RedisServer
) -> None:
    assert raw_client("ECHO", "before") == "before"
    with redis.Redis.from_url(server.url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    assert raw_client("ECHO", "after") == "after"


def test_after_a_lost_connection_only_the_last_of_several_commands_is_sent_again(
    raw_client: RawClient, server: RedisServer
) -> None:
    answers: list[str] = []
    thread = threading.Thread(
        target=lambda: answers.append(raw_client.send(("BLPOP", "nothing", 90), ("ECHO", "last"))())
    )
    thread.start()
    with redis.Redis.from_url(server.url) as client:
        while client.info("clients")["blocked_clients"] < 1:
            pass
        client.client_kill_filter(_type="normal", skipme=True)
    thread.join(30)
    assert answers == ["last"]


def test_what_redis_refuses_leaves_the_connection_usable(
    raw_client: RawClient, server: RedisServer
) -> None:
    with pytest.raises(redis.ResponseError):
        raw_client("NOSUCHCOMMAND")
    assert raw_client("ECHO", "next") == "next"
    assert connections(server) == 1


def test_the_answer_to_a_call_that_was_cut_short_is_nobody_elses(
    raw_client: RawClient, server: RedisServer
) -> None:
    def cut(number: int, frame: FrameType | None) -> None:
        raise Cut

    def cut_when_it_waits() -> None:
        with redis.Redis.from_url(server.url) as client:
            while client.info("clients")["blocked_clients"] < 1:
                pass
        signal.pthread_kill(caller, signal.SIGUSR1)

    assert raw_client("ECHO", "first") == "first"
    before = signal.signal(signal.SIGUSR1, cut)
    caller = threading.get_ident()
    cutting = threading.Thread(target=cut_when_it_waits)
    try:
        cutting.start()
        with pytest.raises(Cut):
            raw_client("BLPOP", "nothing", 30)
    finally:
        cutting.join(30)
        signal.signal(signal.SIGUSR1, before)
    assert raw_client("ECHO", "next") == "next"


# --- as long as the option says -------------------------------------------------------------------


@dataclass
class Timeouts:
    """The seconds that each connection was given, in the order in which they were opened."""

    connecting: list[float] = field(default_factory=list)
    answering: list[float] = field(default_factory=list)


@pytest.fixture
def timeouts(monkeypatch: pytest.MonkeyPatch) -> Timeouts:
    """What the connections of the test are given, which does not depend on the machine's speed."""
    noted = Timeouts()
    connect: Any = redis.Connection._connect  # noqa: SLF001 - public methods hide some tries

    def note_and_connect(connection: Any) -> Any:
        noted.connecting.append(connection.socket_connect_timeout)
        noted.answering.append(connection.socket_timeout)
        return connect(connection)

    monkeypatch.setattr(redis.Connection, "_connect", note_and_connect)
    return noted


def test_all_sendings_to_a_server_that_hangs_share_the_time_of_one_call(
    server: RedisServer, timeouts: Timeouts
) -> None:
    broker = RedisBroker(server.url, socket_timeout=2)
    broker.push(make_jobs(1))
    assert len(timeouts.answering) == 1  # the first sending of the next call uses it too
    server.freeze()

    with pytest.raises(BrokerUnavailable):
        broker.push(make_jobs(1))

    assert sum(timeouts.answering) <= 2
    server.thaw()
    broker.close()


def test_all_attempts_to_connect_share_the_time_of_one_call(timeouts: Timeouts) -> None:
    # A listener whose backlog is full lets no more connections come about.
    with socket.socket() as listener, contextlib.ExitStack() as others:
        listener.bind((HOST, 0))
        listener.listen(0)
        for _ in range(4):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        broker = RedisBroker(f"redis://{HOST}:{port}/0", socket_timeout=2)

        with pytest.raises(BrokerUnavailable):
            broker.push(make_jobs(1))

        assert timeouts.connecting
        assert sum(timeouts.connecting) <= 2
        broker.close()


def test_an_answer_that_never_comes_is_asked_for_again_in_time(server: RedisServer) -> None:
    proxy = Proxy(server.port)
    broker = RedisBroker(proxy.url, socket_timeout=4)
    broker.push(make_jobs(1))
    proxy.swallowing = True
    answered = threading.Timer(1, lambda: setattr(proxy, "swallowing", False))
    answered.start()

    broker.push(make_jobs(1))

    answered.join()
    assert broker.inspection.counts()[State.QUEUED] == 2
    broker.close()
    proxy.close()


# --- forks ----------------------------------------------------------------------------------------


def test_a_broker_that_was_used_before_a_fork_mixes_no_answers(server: RedisServer) -> None:
    broker = RedisBroker(server.url)
    inspection = broker.inspection
    jobs = make_jobs(2)
    broker.push(jobs)

    def wrong_answers(job: Job) -> int:
        return sum(ids([found(inspection, job.id)]) != [job.id] for _ in range(300))

    child = os.fork()
    if not child:
        status = 1
        try:
            status = min(wrong_answers(jobs[0]), 100)
        finally:
            os._exit(status)
    try:
        wrong = wrong_answers(jobs[1])
    finally:
        _, status = os.waitpid(child, 0)

    assert (wrong, os.waitstatus_to_exitcode(status)) == (0, 0)
    broker.close()


class QuickClient(RawClient):
    """A raw_client that another thread uses at the moment at which it knows of a fork."""

    got: object = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_process" and hasattr(self, "_made"):
            self.got = self._connection()


class QuickSenders(Senders):
    """Senders of which another thread takes one at the moment at which they know of a fork."""

    got: object = None

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "_process" and hasattr(self, "_idle"):
            self.got = self.take()


def exit_code_of_fork(is_sound: Callable[[], bool]) -> int:
    child = os.fork()
    if not child:
        status = 1
        try:
            status = 0 if is_sound() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_no_thread_of_a_fork_gets_a_connection_of_its_parent(server: RedisServer) -> None:
    client = connect(read_redis_url(server.url), key="jobs", socket_timeout=60)
    raw_client = QuickClient(client, Resending(seconds=60, connecting=5))
    raw_client("PING")
    made = [*raw_client._idle]  # noqa: SLF001

    def is_sound() -> bool:
        raw_client("PING")
        return raw_client.got not in made

    assert exit_code_of_fork(is_sound) == 0
    raw_client.close()


def test_no_thread_of_a_fork_gets_a_sender_of_its_parent() -> None:
    senders = QuickSenders()
    first = senders.take()
    senders.put_back(first)

    def is_sound() -> bool:
        senders.take()
        return senders.got is not first

    assert exit_code_of_fork(is_sound) == 0
