"""The page of workers, and its actions."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import WorkerCommand
from tests.integration.dashboard.helpers import do
from tests.support.builders import make_job, make_jobs
from tests.support.driver import Driver

WORKERS = reverse("django_jobs_dashboard:workers")


def test_a_worker_is_shown_with_what_it_runs(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    job = make_job(task="shop.tasks.ship")
    backend.broker.push([job])
    worker.take_one()
    started = worker.info().started_at
    worker.heartbeat(
        host="web-7",
        concurrency=4,
        running=((job.id, started),),
        stuck=(job.id,),
        version="9.8.7",
        memory=123_400_000,
        queues=("critical", "default"),
        said_at=started,
    )
    html = operator.get(WORKERS).content.decode()
    for text in ("web-7", "9.8.7", "123 MB", "1 of 4", "critical, default", job.id, "stuck"):
        assert text in html
    assert "shop.<wbr>tasks.<wbr>ship" in html
    assert 'data-time="since"' in html


def test_only_the_longest_of_many_jobs_are_shown(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    jobs = make_jobs(25)
    backend.broker.push(jobs)
    worker.take(25)
    started = worker.info().started_at
    worker.heartbeat(
        concurrency=25,
        running=tuple((job.id, started + number) for number, job in enumerate(jobs)),
    )
    html = operator.get(WORKERS).content.decode()
    assert jobs[19].id in html
    assert jobs[20].id not in html
    assert "and 5 more" in html


def test_a_worker_is_quieted_and_stopped(operator: Client, redis_backend: JobBackend) -> None:
    worker, other = Driver(redis_backend.broker, "w1"), Driver(redis_backend.broker, "w2")
    worker.heartbeat()
    other.heartbeat()
    html = do(operator, "quiet_worker", worker="w1")
    assert "1 worker takes no more jobs after its next heartbeat, within 5 s." in html
    assert worker.heartbeat().command is WorkerCommand.QUIET
    assert worker.heartbeat(quiet=True).command is None
    assert other.heartbeat().command is None

    assert "2 workers stop after their next heartbeat" in do(operator, "stop_worker", worker="*")
    assert worker.heartbeat().command is WorkerCommand.STOP
    assert other.heartbeat().command is WorkerCommand.STOP


def test_a_worker_that_no_longer_exists_gets_no_command(
    operator: Client, redis_backend: JobBackend
) -> None:
    assert "This worker no longer exists." in do(operator, "stop_worker", worker="w1")
    assert "No workers running" in operator.get(WORKERS).content.decode()


def test_the_threads_of_a_web_process_take_no_commands(operator: Client, use_backend: Any) -> None:
    backend = use_backend("thread_pool")
    worker = Driver(backend.broker, "w1")
    worker.heartbeat()
    html = operator.get(WORKERS).content.decode()
    assert "part of the web process" in html
    assert '<form method="post"' not in html
    for order in ("quiet_worker", "stop_worker"):
        assert "stops with it" in do(operator, order, worker="w1")
    assert worker.heartbeat().command is None
