"""A Redis user with exactly the rights that the documentation lists is enough."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused, BrokerUnavailable
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.support.builders import make_job, make_jobs, succeeded
from tests.support.clock import Clock
from tests.support.cluster import SLOTS
from tests.support.driver import Driver, claim_tick, one_in_each_state
from tests.support.paths import ROOT
from tests.support.redis_server import RedisServer
from tests.support.sentinels import started_group
from tests.support.small_site import report
from tests.support.waiting import wait_until
from tests.support.workers import Site

PAGE = ROOT / "docs" / "howto" / "redis.md"
(DOCUMENTED,) = re.findall(r"^ACL SETUSER .+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

Limited = Callable[..., dict[str, Any]]


@pytest.fixture
def server(redis_server_factory: Callable[..., RedisServer]) -> RedisServer:
    return redis_server_factory()


@pytest.fixture
def limited(server: RedisServer) -> Limited:
    """Makes the documented user, with changes; returns the options that log in as it."""

    def make(*changes: str, line: str = DOCUMENTED) -> dict[str, Any]:
        with redis.Redis.from_url(server.url) as client:
            client.execute_command(*line.split(), *changes)
        return {"url": server.url, "username": "jobs", "password": "PASSWORD"}

    return make


@pytest.fixture
def broker(limited: Limited) -> Iterator[RedisBroker]:
    broker = RedisBroker(**limited())
    yield broker
    broker.close()


def test_a_worker_and_a_web_process_need_no_more(
    configure: Callable[..., JobBackend], limited: Limited, tmp_path: Path
) -> None:
    options = {**limited(), "namespace": "jobs"}
    configure(**options)
    site = Site(tmp_path, options)
    worker = site.start("-c", "2")
    result = tasks.note.enqueue("done")
    site.notes.wait_for("done")
    assert worker.stop() == 0
    result.refresh()
    assert result.is_finished
    assert "Warning" not in worker.said
    site.end()


def test_all_that_brokers_do_is_permitted(broker: RedisBroker) -> None:
    do_everything(broker)


def do_everything(broker: RedisBroker) -> None:
    worker, inspection = Driver(broker, "w1"), broker.inspection
    made = one_in_each_state(broker, worker, Clock())
    worker.heartbeat(**report(made[State.RUNNING]))
    worker.session.interrupt()
    worker.listen("default", limit=0, seconds=5)
    claim_tick(broker, "report", None, broker.now(), make_job())
    broker.push(make_jobs(3, queue="other"))
    inspection.retry(made[State.DEAD])
    inspection.cancel(made[State.SCHEDULED])
    inspection.delete(made[State.SUCCEEDED])
    inspection.apply(JobAction.RETRY, [])
    inspection.pause("other")
    inspection.resume("other")
    inspection.switch_off("report")
    inspection.switch_on("report")
    for state in State:
        inspection.jobs(state)
    inspection.queues()
    inspection.workers()
    broker.store_info()
    assert broker.config_warnings() == ()
    worker.settle(*map(succeeded, worker.take(5)))
    assert inspection.clear("other") == 3
    worker.close()


def test_the_doctor_needs_no_more(broker: RedisBroker, server: RedisServer) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("{jobs}:leases", "not ours")

    assert broker.doctor.diagnose(repair=True).repaired

    Driver(broker, "w1").heartbeat()


@pytest.mark.parametrize("right", re.findall(r" (\+\S+)", DOCUMENTED))
def test_each_right_is_needed(limited: Limited, right: str) -> None:
    options = limited(line=" ".join(word for word in DOCUMENTED.split() if word != right))
    if right == "+select":
        options["url"] = options["url"].replace("/0", "/1")
    broker = RedisBroker(**options)

    with pytest.raises(BrokerRefused, match="does not permit its user"):
        do_everything(broker)

    broker.close()


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "{other}:x"),
        ("HSET", "other", "a", 1),
        ("EVAL", "return redis.call('GET', '{other}:x')", 0),
        ("KEYS", "*"),
        ("FLUSHDB",),
        ("CONFIG", "SET", "maxmemory", 1),
        ("SCRIPT", "FLUSH"),
        ("CLIENT", "LIST"),
        ("PUBLISH", "x", "y"),
    ],
)
def test_nothing_else_is_permitted(
    limited: Limited, server: RedisServer, command: tuple[str, ...]
) -> None:
    limited()
    with (
        redis.Redis.from_url(server.url, username="jobs", password="PASSWORD") as client,
        pytest.raises(redis.ResponseError, match=r"permission|ACL failure|can't access"),
    ):
        client.execute_command(*command)


def test_a_cluster_takes_one_more_right(redis_server_factory: Callable[..., RedisServer]) -> None:
    server = redis_server_factory("cluster-enabled yes")
    url = server.url.replace("redis", "redis+cluster")
    login: dict[str, Any] = {"username": "jobs", "password": "PASSWORD", "socket_timeout": 20.0}
    with server.client() as client:
        client.execute_command("CLUSTER ADDSLOTS", *range(SLOTS))
        wait_until(lambda: client.cluster("INFO")["cluster_state"] == "ok", "it is not ready")
        client.execute_command(*DOCUMENTED.split())
        broker = RedisBroker(url, **login | {"socket_timeout": 1.0})
        with pytest.raises(BrokerUnavailable, match=r"(?i)cluster"):
            broker.now()
        broker.close()
        client.execute_command(*DOCUMENTED.split(), "+cluster|slots")
    broker = RedisBroker(url, **login)
    do_everything(broker)
    broker.close()


def test_the_user_of_a_sentinel_needs_one_right() -> None:
    (granted,) = re.findall(r"`(-@all \+sentinel\S+)`", PAGE.read_text(encoding="utf-8"))
    group = started_group(replicas=0, sentinels=1)
    try:
        group.ask_sentinel(
            group.sentinels[0], "ACL", "SETUSER", "jobs", "on", ">PASSWORD", *granted.split()
        )
        url = f"{group.url}?sentinel_username=jobs&sentinel_password=PASSWORD"
        broker = RedisBroker(url, socket_timeout=20)
        broker.push(make_jobs(1))
        broker.close()
    finally:
        group.stop()


@pytest.mark.parametrize(
    ("change", "named", "use"),
    [
        ("-info", r"the command INFO\.", RedisBroker.config_warnings),
        ("-time", r"the command TIME\.|a command of a script", RedisBroker.now),
        ("-evalsha", r"the command EVALSHA\.", RedisBroker.now),
        (
            "-hset",
            r"the command HSET\.|a command of a script",
            lambda broker: broker.push(make_jobs(1)),
        ),
        (
            "-blpop",
            r"the command BLPOP\.",
            lambda broker: Driver(broker).listen("default", seconds=1),
        ),
        ("resetkeys", "access to the keys of the jobs", RedisBroker.now),
    ],
)
def test_a_right_that_is_missing_is_named(
    limited: Limited, change: str, named: str, use: Callable[[RedisBroker], object]
) -> None:
    broker = RedisBroker(**limited(change))

    with pytest.raises(BrokerRefused, match=named):
        use(broker)

    broker.close()
