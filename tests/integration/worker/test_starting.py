"""What a worker says when it starts, and why some can't."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from django_jobs.backends.base import JobBackend
from tests.apps.worker_site import tasks
from tests.support.driver import Driver
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until
from tests.support.workers import Site

Factory = Callable[..., RedisServer]


def one_sentence(said: str) -> str:
    """Return the last line; there must be no traceback before it."""
    assert "Traceback" not in said, said
    return said.strip().splitlines()[-1]


REFUSALS = {
    ("-q", "nowhere"): "No task can use the queue 'nowhere': TASKS['default']['QUEUES'] has"
    " critical, default, low, mailers.",
    ("-q", "low:0"): "the weight of queue 'low' must be a whole number from 1 to 1000, not 0.",
    ("-q", "low:much"): "the weight of queue 'low' must be a whole number from 1 to 1000",
    ("-q", "a b"): "the queue name 'a b' is not allowed: use 1 to 100 letters",
    ("-q", "low", "-q", "low:5"): "-q: queue 'low' is named twice: name it once.",
    ("-c", "0"): "give a whole number from 1 to 1,000, not 0.",
    ("--processes", "300"): "give a whole number from 1 to 256, not 300.",
    ("--shutdown-timeout", "soon"): "from 0 seconds to 1 day, not 'soon'.",
    ("--shutdown-timeout", "inf"): "from 0 seconds to 1 day, not inf.",
    ("--reload", "--processes", "2"): "--reload works with one process only: add --processes 1.",
    (
        "--backend",
        "threads",
    ): "TASKS['threads'] is ThreadPoolBackend, whose jobs no separate worker can"
    " run. Set JOB_BACKEND=redis and REDIS_URL",
    ("--backend", "thread"): "Did you mean 'threads'?",
}


ONE_AFTER_THE_OTHER = """
import json, sys
from django.conf import settings
from django.core.management import execute_from_command_line
from django.test import override_settings

TASKS = settings.TASKS
for arguments, options in json.loads(sys.argv[1]):
    default = TASKS["default"]
    changed = {**default, "OPTIONS": default["OPTIONS"] | options}
    with override_settings(TASKS=TASKS | {"default": changed}):
        try:
            execute_from_command_line(["manage.py", "runworker", *arguments])
        except SystemExit as end:
            print(f"ended with {end.code}", file=sys.stderr)
    print("-- next --", file=sys.stderr)
"""
"""A process of its own takes most of a second to start, so several starts share one."""

Start = tuple[Sequence[str], dict[str, Any]]
Refuse = Callable[..., list[str]]


@pytest.fixture
def refuse(site: Site) -> Refuse:
    """Starts workers with arguments and options that are wrong; returns the one line of each."""

    def start(*starts: Start) -> list[str]:
        program = site.run(ONE_AFTER_THE_OTHER, json.dumps(starts))
        assert program.end() == 0, program.said
        parts = program.said.split("-- next --\n")[:-1]
        assert len(parts) == len(starts)
        return [one_line(part) for part in parts]

    return start


def one_line(said: str) -> str:
    """Return the last line before the end of a worker that could not start."""
    before, _, end = said.strip().rpartition("\n")
    assert end in {"ended with 1", "ended with 2"}, said
    return one_sentence(before)


def test_a_wrong_argument_is_reported_in_one_sentence(refuse: Refuse) -> None:
    heard = refuse(*((arguments, {}) for arguments in REFUSALS))
    for line, sentence in zip(heard, REFUSALS.values(), strict=True):
        assert sentence in line


def test_a_process_that_is_refused_ends_without_a_traceback(site: Site) -> None:
    said = site.refused("--backend", "threads")
    assert "whose jobs no separate worker can run" in one_sentence(said)


@pytest.fixture
def http_server() -> Iterator[int]:
    """A server that is not Redis."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        thread.submit(_answer_as_http, listener)
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _answer_as_http(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_an_unusable_redis_is_reported_in_one_sentence(
    refuse: Refuse, redis_server_factory: Factory, http_server: int
) -> None:
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    locked = redis_server_factory("requirepass secret")
    replica = redis_server_factory(f"replicaof 127.0.0.1 {free_port()}")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"url": nobody}, f"Redis at {nobody} does not answer"),
        ({"url": locked.url}, "Check REDIS_PASSWORD"),
        ({"url": locked.url, "password": "guess"}, "rejects the user or the password"),
        ({"url": replica.url}, "is a read-only replica"),
        ({"url": locked.url + "99", "password": "secret"}, "has no such database"),
        (
            {"url": f"redis://127.0.0.1:{http_server}/0"},
            f"redis://127.0.0.1:{http_server}/0 is not Redis",
        ),
        ({"url": "http://127.0.0.1"}, "TASKS['default']['OPTIONS']['url']"),
    ]
    heard = refuse(*(((), options) for options, _ in cases))
    for line, (_, sentence) in zip(heard, cases, strict=True):
        assert sentence in line
        assert "guess" not in line


def test_a_starting_worker_names_the_queues_it_serves_and_those_nobody_serves(
    site: Site, redis_server_factory: Factory
) -> None:
    tasks.note.using(queue_name="low").enqueue("old")
    worker = site.start("-q", "critical:3", "-q", "default", "-c", "7")
    assert "serves critical:3, default:1, by weight." in worker.said
    assert "7 threads and up to 500 coroutines. " in worker.said
    assert f"kill -TERM {worker.process.pid}" in worker.said
    worker.wait_for("no worker serves low, mailers; jobs wait there until one does.")

    rest = site.start("-q", "low", "-q", "mailers", "--strict")
    assert "serves low, mailers, in strict order." in rest.said
    site.notes.wait_for("old")
    assert "no worker serves" not in rest.said


def test_a_quiet_worker_serves_no_queue(site: Site, backend: JobBackend) -> None:
    Driver(backend.broker, "quiet").heartbeat(quiet=True)
    worker = site.start("-q", "critical", "-q", "default")
    worker.wait_for("no worker serves low, mailers; jobs wait there until one does.")


def test_all_queues_are_served_by_default(site: Site) -> None:
    starts = [(["--burst"], {}), (["--burst"], {"queues": "critical:10,low"})]
    program = site.run(ONE_AFTER_THE_OTHER, json.dumps(starts))
    assert program.end() == 0, program.said
    assert "serves critical:1, default:1, low:1, mailers:1, by weight." in program.said
    assert "serves critical:10, low:1, by weight." in program.said


WARNINGS = {
    ("maxmemory-policy allkeys-lru",): "throws away keys when it is full",
    ("appendonly no",): "keeps nothing on disk",
    ("appendonly no", "save 3600 1 300 100"): "keeps only snapshots on disk. Its crash loses",
}


def test_it_warns_of_a_redis_that_may_lose_jobs(site: Site, redis_server_factory: Factory) -> None:
    urls = [redis_server_factory(*lines).url for lines in WARNINGS]
    starts = [(["--burst"], {"url": url}) for url in urls]
    program = site.run(ONE_AFTER_THE_OTHER, json.dumps(starts))
    assert program.end() == 0, program.said
    for url, warning in zip(urls, WARNINGS.values(), strict=True):
        assert f"Warning: Redis at {url} {warning}" in program.said


def is_loading(server: RedisServer) -> bool:
    with server.client() as client:
        try:
            client.ping()
        except redis.BusyLoadingError:
            return True
        except redis.ConnectionError:  # it does not listen yet
            pass
    return False


def test_a_loading_redis_is_reported_in_one_sentence(
    site: Site, redis_server_factory: Factory
) -> None:
    # It looks at its connections after each 1024 commands of its append-only file, and takes
    # longer for all of them than a worker takes to start on the busiest machine.
    server = redis_server_factory("key-load-delay 50")
    with redis.Redis.from_url(server.url) as client:
        for first in range(0, 400_000, 1000):
            client.eval("for n = 1, 1000 do redis.call('set', ARGV[1] + n, '') end", 0, first)
    server.kill9()
    site.options["url"] = server.url
    loading = subprocess.Popen(["redis-server", str(server.directory / "redis.conf")])
    try:
        wait_until(lambda: is_loading(server), "it does not load")
        assert "is still loading its data" in one_sentence(site.refused())
    finally:
        loading.kill()
        loading.wait()


def test_jobs_of_unknown_kinds_do_no_harm(site: Site, backend: JobBackend) -> None:
    gone = tasks.note.enqueue("gone")
    strange = tasks.note.enqueue("strange")
    odd = tasks.note.enqueue("odd")
    with redis.Redis.from_url(site.options["url"]) as client:
        key = f"{{{site.options['namespace']}}}:j:"
        client.hset(f"{key}{gone.id}", "t", "tests.apps.worker_site.tasks.no_longer_here")
        client.hset(f"{key}{strange.id}", "a", "these are no arguments")
        client.delete(f"{key}{odd.id}")
        client.hset(f"{key}{odd.id}", "somebody", "else's")
        client.zadd(f"{{{site.options['namespace']}}}:q:default", {"not a job": 1})
    tasks.note.bulk_enqueue([["fine"]] * 5)

    worker = site.start("--burst")

    assert worker.end() == 0
    assert site.notes.counts == {"fine": 5}
    inspection = backend.broker.inspection
    first, second = inspection.find(gone.id), inspection.find(strange.id)
    assert first is not None
    assert (first.state, first.attempts, first.failures) == ("scheduled", 0, ())
    assert first.postponement is not None
    assert first.postponement.failure.exception == "django_jobs.errors.TaskNotFound"
    assert "has no 'no_longer_here'" in first.postponement.failure.message
    assert worker.said.count("wait for a worker that knows them") == 1
    assert second is not None
    assert second.failures[0].exception == "django_jobs.errors.BrokenPayload"
    assert second.state == "dead"


def test_the_stacks_of_all_threads_can_be_seen(site: Site) -> None:
    worker = site.start("-c", "1")
    tasks.hold.enqueue("job")
    site.notes.wait_for("begin job 1")
    worker.send(signal.SIGTTIN)
    worker.wait_for("in hold")
