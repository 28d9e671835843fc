"""Jobs start on time, never early, without polling."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import redis

from django_jobs.backends import RedisBackend
from django_jobs.jobs.records import State
from django_jobs.worker.worker import Worker
from tests.apps.worker_site import tasks
from tests.support.redis_server import RedisServer
from tests.support.waiting import DEADLINE, wait_until
from tests.support.worker_fixtures import StartWorker
from tests.support.workers import Notes, is_waiting


@pytest.mark.usefixtures("no_looks")
def test_a_scheduled_job_starts_at_its_time_and_not_at_the_next_look(
    start_worker: StartWorker, notes: Notes
) -> None:
    start_worker()
    for milliseconds in range(300, 600, 30):
        due = time.time() + milliseconds / 1000
        later = tasks.began.using(run_after=timedelta(milliseconds=milliseconds))
        later.enqueue(due - 0.002)  # the job's own time is in whole milliseconds

    wait_until(lambda: len(notes.lines) == 10, "not all began")
    assert notes.counts == {"in time": 10}


@pytest.mark.usefixtures("no_looks")
def test_a_job_starts_when_it_is_enqueued_and_not_at_the_next_look(
    start_worker: StartWorker, notes: Notes
) -> None:
    start_worker()
    for number in range(1, 21):
        tasks.note.enqueue("x")
        notes.wait_for("x", number)


def test_an_idle_worker_sends_few_commands(
    configure: Callable[..., RedisBackend], redis_server_factory: Callable[..., RedisServer]
) -> None:
    # Nobody else's: threads of stopped workers may still wait at the server that tests share.
    redis_url = redis_server_factory().url
    backend = configure(url=redis_url)
    options = backend.worker_options()
    worker = backend.make_worker(options)
    sent: Counter[str] = Counter()
    worker.sign_on()
    worker.start()
    wait_until(partial(is_waiting, worker), "it does not wait")
    client: Any = redis.Redis.from_url(redis_url, socket_timeout=None)
    with client, client.monitor() as monitor:
        watching = threading.Thread(target=_count, args=(monitor, sent), daemon=True)
        watching.start()
        time.sleep(6)
        client.echo("enough")
        watching.join(DEADLINE)
    worker.stop(1)
    # A tenth of a minute; one of each of four kinds, or a new connection, may fall on its edge.
    assert sent.total() <= 30 / 10 + 5, sent


def _count(monitor: Any, sent: Counter[str]) -> None:
    for line in monitor.listen():
        if line["command"] == "ECHO enough":
            return
        if line["client_type"] != "lua":
            sent[line["command"].split()[0]] += 1


def test_no_worker_idles_while_another_one_hoards(
    backend: RedisBackend, start_worker: StartWorker, notes: Notes
) -> None:
    tasks.note.bulk_enqueue([["tiny"]] * 2000)
    # As many as run at a time: each that one of them hoards is missed by the other.
    tasks.hold.bulk_enqueue([[str(number)] for number in range(4)])
    both = start_worker(concurrency=2), start_worker(concurrency=2)

    wait_until(lambda: [_running_for_long(one) for one in both] == [2, 2], "one of them idles")
    notes.put("release")
    wait_until(lambda: backend.broker.inspection.counts()[State.SUCCEEDED] == 2004, "no end")


def _running_for_long(worker: Worker) -> int:
    return sum(one.claim.job.task.endswith("hold") for one in worker.running())


def test_a_suspect_does_not_make_the_loop_spin(
    configure: Callable[..., RedisBackend],
    redis_server_factory: Callable[..., RedisServer],
    start_worker: StartWorker,
    notes: Notes,
) -> None:
    # Nobody else's: threads of stopped workers may still call the server that tests share.
    redis_url = redis_server_factory().url
    backend = configure(url=redis_url)
    suspects = tasks.hold.bulk_enqueue([["a"], ["b"]])
    with redis.Redis.from_url(redis_url) as client:
        for result in suspects:
            key = f"{{{backend.configuration.namespace}}}:j:{result.id}"
            client.hset(key, "c", 2)
        start_worker()
        notes.wait_for_lines(1)
        before = client.info("commandstats")["cmdstat_evalsha"]["calls"]
        time.sleep(1)
        after = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert notes.lines in (["begin a 1"], ["begin b 1"])
    assert after - before <= 20
    notes.put("release")
    notes.wait_for("end a 1")
    notes.wait_for("end b 1")
