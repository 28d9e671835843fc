"""When jobs start: in time, never early, without asking for them over and over."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import redis

from django_jobs.backends.base import JobBackend
from django_jobs.job import State
from django_jobs.worker.fetcher import IDLE
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.worker import Worker
from tests.servers import RedisServer

from . import tasks
from .conftest import StartWorker
from .live import Notes, is_waiting, wait_until


def test_a_scheduled_job_starts_at_its_time_and_not_at_the_next_look(
    start_worker: StartWorker, notes: Notes
) -> None:
    start_worker()
    begun = time.monotonic()
    for milliseconds in range(300, 600, 30):
        due = time.time() + milliseconds / 1000
        later = tasks.began.using(run_after=timedelta(milliseconds=milliseconds))
        later.enqueue(due - 0.002)  # the job's own time is in whole milliseconds

    wait_until(lambda: len(notes.lines) == 10, "not all began", IDLE / 2)

    assert notes.counts == {"in time": 10}
    assert time.monotonic() - begun < IDLE


def test_a_job_starts_when_it_is_enqueued_and_not_at_the_next_look(
    start_worker: StartWorker, notes: Notes
) -> None:
    start_worker()
    for number in range(1, 21):
        tasks.note.enqueue("x")
        wait_until(partial(_is_counted, notes, number), "it waits", IDLE / 2)


def _is_counted(notes: Notes, number: int) -> bool:
    return notes.counts["x"] == number


def test_an_idle_worker_sends_few_commands(
    configure: Callable[..., JobBackend[Any]], redis_server_factory: Callable[..., RedisServer]
) -> None:
    # Nobody else's: threads of stopped workers may still wait at the server that tests share.
    redis_url = redis_server_factory().url
    backend = configure(url=redis_url)
    options = WorkerOptions.of(backend)
    worker = Worker(backend, options)
    sent: Counter[str] = Counter()
    worker.start()
    wait_until(partial(is_waiting, worker), "it does not wait")
    client: Any = redis.Redis.from_url(redis_url, socket_timeout=None)
    with client, client.monitor() as monitor:
        watching = threading.Thread(target=_count, args=(monitor, sent), daemon=True)
        watching.start()
        time.sleep(12)
        client.echo("enough")
        watching.join(10)
    worker.stop(1)
    # A fifth of a minute; one of each of four kinds, or a new connection, may fall on its edge.
    assert sent.total() <= 30 / 5 + 5, sent


def _count(monitor: Any, sent: Counter[str]) -> None:
    for line in monitor.listen():
        if line["command"] == "ECHO enough":
            return
        if line["client_type"] != "lua":
            sent[line["command"].split()[0]] += 1


def test_no_worker_idles_while_another_one_hoards(
    backend: JobBackend[Any], start_worker: StartWorker, notes: Notes
) -> None:
    tasks.note.bulk_enqueue([["tiny"]] * 2000)
    tasks.sleep.bulk_enqueue([[0.1, "slow"]] * 40)
    first, second = start_worker(concurrency=2), start_worker(concurrency=2)
    wait_until(lambda: backend.broker.inspection.counts()[State.RUNNING], "nothing runs")

    seen: set[str] = set()
    while backend.broker.inspection.counts()[State.SUCCEEDED] < 2040:
        slow = [worker for worker in (first, second) if _runs_slow_jobs(worker)]
        seen.update(worker.id for worker in slow)

    assert seen == {first.id, second.id}
    assert notes.counts["tiny"] == 2000
    records = backend.broker.inspection.jobs(State.SUCCEEDED, limit=40)
    done = Counter(record.workers[-1] for record in records if record.job.task.endswith("sleep"))
    assert min(done[first.id], done[second.id]) >= 10


def _runs_slow_jobs(worker: Worker) -> bool:
    return any(one.claim.job.task.endswith("sleep") for one in worker.running())


def test_what_must_run_alone_does_not_turn_the_loop_hot(
    backend: JobBackend[Any], start_worker: StartWorker, notes: Notes, redis_url: str
) -> None:
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
