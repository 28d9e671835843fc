"""A primary and its replicas, watched by sentinels: the way there, and failovers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from django_jobs.backends import RedisBackend
from django_jobs.brokers.redis import RedisBroker
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import State
from tests.apps.worker_site import tasks
from tests.redis.servers.helpers import Producer, not_run, pushed, refusal
from tests.support.board_fixtures import tasks_from
from tests.support.builders import make_jobs
from tests.support.ports import HOST, free_port
from tests.support.sentinels import SentinelGroup, started_group
from tests.support.waiting import wait_until
from tests.support.workers import Site

JOBS = 5_000


@pytest.fixture(scope="module")
def group() -> Iterator[SentinelGroup]:
    """Three sentinels, a primary and two replicas, each kind with a password of its own."""
    made = started_group(password="server-hunter2", sentinel_password="sentinel-hunter2")
    yield made
    made.stop()


@pytest.fixture
def on_group(
    group: SentinelGroup, configure: Callable[..., RedisBackend], site: Site
) -> RedisBackend:
    """The backend of this process and of the workers that it starts."""
    options = {"url": group.url, "socket_timeout": 10}
    site.options.update(options)
    return configure(**options)


def test_the_sentinels_lead_to_the_primary(group: SentinelGroup) -> None:
    before = pushed(group.url)
    assert pushed(group.url) == before + 1
    with group.client(group.primary) as client:
        assert client.exists("{jobs}:q:default")


def test_passwords_may_come_from_variables_of_their_own(
    group: SentinelGroup, settings, notes: object
) -> None:
    hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in group.sentinels)
    settings.TASKS = tasks_from(
        JOB_BACKEND="redis",
        REDIS_PROVIDER="SENTINELS",
        SENTINELS=f"redis+sentinel://{hosts}/shop/3",
        REDIS_PASSWORD=group.password,
        REDIS_SENTINEL_PASSWORD=group.sentinel_password,
        JOB_NAMESPACE="variables",
    )
    tasks.note.enqueue("x")
    with group.client(group.primary) as client:
        client.select(3)
        assert client.exists("{variables}:q:default")


def test_one_sentinel_that_answers_is_enough(group: SentinelGroup) -> None:
    dead = f"@{HOST}:{free_port()},"
    assert pushed(group.url.replace("@", dead), namespace="one") == 1


def test_a_failover_amid_thousands_of_jobs_loses_none_that_was_acknowledged_and_replicated(
    group: SentinelGroup, on_group: RedisBackend, site: Site
) -> None:
    workers = [site.start("-c", "5") for _ in range(2)]
    place = group.url.partition("@")[2].partition("?")[0]
    assert f"keeps jobs in redis+sentinel://{place}, namespace " in workers[0].said
    assert "hunter2" not in workers[0].said
    producer = Producer(JOBS)
    producer.start()
    wait_until(lambda: len(producer.began) > JOBS / 3, "too few jobs")

    safe = set(producer.began)
    wait_until(lambda: group.replicas_in_step() == 2, "a replica lacks something")
    group.fail_over()
    over = time.monotonic()
    producer.join()

    safe |= {number for number, began in producer.began.items() if began > over}
    wait_until(lambda: not not_run(safe, site.notes), lambda: f"lost: {not_run(safe, site.notes)}")
    wait_until(lambda: set(_open(on_group)) <= {State.SUCCEEDED}, lambda: str(_open(on_group)))
    assert max(site.notes.counts.values()) <= 2
    assert [worker.stop() for worker in workers] == [0, 0]
    assert "Traceback" not in "".join(worker.said for worker in workers)


def _open(backend: RedisBackend) -> dict[State, int]:
    counts = backend.broker.inspection.counts()
    return {state: number for state, number in counts.items() if number}


def test_an_idle_worker_listens_at_the_new_primary_after_a_planned_failover(
    group: SentinelGroup, on_group: RedisBackend, site: Site
) -> None:
    worker = site.start("-c", "2")
    tasks.note.enqueue("before")
    site.notes.wait_for("before")

    group.hand_over()

    tasks.note.enqueue("after")
    site.notes.wait_for("after")
    assert worker.stop() == 0
    assert "Traceback" not in worker.said


def test_each_connection_of_a_process_finds_the_new_primary(group: SentinelGroup) -> None:
    broker = RedisBroker(group.url, namespace="many", socket_timeout=20)
    together = threading.Barrier(4)
    failures: list[BaseException] = []

    def push_at_once() -> None:
        together.wait()
        try:
            broker.push(make_jobs(1))
        except BaseException as error:
            failures.append(error)

    def push_from_all() -> None:
        threads = [threading.Thread(target=push_at_once) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    push_from_all()
    group.hand_over()
    push_from_all()

    assert failures == []
    assert broker.inspection.counts()[State.QUEUED] == 8
    broker.close()


# --- what is wrong is said, without passwords -----------------------------------------------------


def test_a_service_that_sentinels_do_not_monitor_is_named(group: SentinelGroup) -> None:
    said = refusal(group.url.replace("/shop/", "/shpo/"))
    assert f"{HOST}:{group.sentinels[0].port}: it monitors no service 'shpo'" in said
    assert "hunter2" not in said


def test_sentinels_that_reject_the_password_say_so(group: SentinelGroup) -> None:
    said = refusal(group.url.replace("sentinel-hunter2", "other-hunter2"))
    assert "no sentinel knows the primary" in said
    assert "invalid username-password pair" in said
    assert "REDIS_SENTINEL_PASSWORD" in said
    assert "hunter2" not in said


def test_a_primary_that_rejects_the_password_says_so(group: SentinelGroup) -> None:
    said = refusal(group.url.replace("server-hunter2", "other-hunter2"), BrokerRefused)
    assert "rejects the user or the password" in said
    assert "hunter2" not in said


def test_sentinels_that_do_not_run_are_named() -> None:
    port, other = free_port(), free_port()
    said = refusal(f"redis+sentinel://{HOST}:{port},{HOST}:{other}/shop")
    assert f"{HOST}:{port}: Error" in said
    assert f"{HOST}:{other}: Error" in said
    assert "Are these servers running?" in said
