"""Records one job of each kind as this release stores it.

Run it once per release, with its version: `python -m tests.redis.records.record 0.1`.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import redis

FOLDER = Path(__file__).parent
FAR = datetime(2099, 1, 1, tzinfo=UTC)


def write_jobs(version: str) -> Path:
    """Write the file of a release, and return its path."""
    # These need Django, which has just been set up.
    from django_jobs.management.target import job_backend
    from django_jobs.testing import override_backend
    from tests.support.redis_keys import read_keys
    from tests.support.redis_server import RedisServer

    path = FOLDER / f"{version}.json"
    server = RedisServer()
    server.start()
    try:
        with override_backend("redis", url=server.url):
            jobs = store_one_of_each(job_backend("default"))
            with redis.Redis.from_url(server.url, decode_responses=True) as client:
                keys = {name: _plain(content) for name, content in read_keys(client).items()}
    finally:
        server.stop()
    text = json.dumps({"jobs": jobs, "keys": keys}, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def store_one_of_each(backend: Any) -> dict[str, str]:
    """Store a job of each kind; return their ids."""
    from django_jobs.jobs.ticks import Tick
    from django_jobs.tasks.retry import Retry
    from tests.apps.backend_site import tasks
    from tests.apps.library.models import Author
    from tests.support.builders import make_failure, make_job, postponed, retrying
    from tests.support.driver import Driver

    echo, worker, broker = tasks.echo, Driver(backend.broker, "w1"), backend.broker
    many: dict[str, Any] = {
        "retry": Retry(attempts=4, wait=0),
        "timeout": 60,
        "discard_on": (KeyError,),
    }
    jobs = {"retrying": tasks.fail_once.enqueue().id}
    failure = make_failure(latency=3, duration=7)
    worker.settle(retrying(worker.take_one(), delay=3_600_000, failure=failure))
    for kind in ("postponed", "crashed"):
        jobs[kind] = echo.enqueue(kind).id
    first, crashed = worker.take(2)
    worker.session.abandon(retrying(crashed))
    worker.settle(postponed(first))
    worker.heartbeat()
    tick = make_job(task=echo.module_path, arguments='[["tick"],{}]')
    assert broker.claim_ticks([Tick("echo-hourly", None, broker.now(), tick)]) == (True,)
    values = [FAR, date(2030, 2, 3), timedelta(1), Decimal("1.50"), UUID(int=7), b"\0"]
    calls = {
        "plain": (echo, ("plain",)),
        "coroutine": (tasks.echo_later, ("coroutine",)),
        "scheduled": (echo.using(run_after=FAR), ("scheduled",)),
        "expiring": (echo.using(expires=timedelta(30_000)), ("expiring",)),
        "urgent": (echo.using(priority=50, queue_name="critical"), ("urgent",)),
        "with metadata": (echo.using(metadata={"tenant": 7}), ("with metadata",)),
        "with overrides": (echo.using(**many), ("with overrides",)),
        "kept for a day": (echo.using(result_ttl=86_400), ("kept for a day",)),
        "of a model": (
            tasks.greet_author,
            (Author.from_db("default", ["id", "name"], [1, "Ada"]),),
        ),
        "of types": (tasks.note_types, values),
    }
    jobs |= {kind: task.enqueue(*args).id for kind, (task, args) in calls.items()}
    return jobs | {"tick": tick.id}


def _plain(content: Any) -> Any:
    return sorted(content) if isinstance(content, set) else content


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    print(write_jobs(sys.argv[1]))
