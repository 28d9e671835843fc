"""Tasks of libraries and of the project run without a setting; what Redis names beyond does not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.signing import Signer

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import JobRecord, State
from django_jobs.tasks.signatures import LENGTH, SALT
from tests.support import warm_python
from tests.support.builders import make_job
from tests.support.paths import APPS, ROOT

SITE = APPS / "third_party_site"

SEND = "parcels.jobs.send"

ENQUEUE = """
import json
import django
django.setup()
from config.tasks import tidy
from parcels.jobs import send
ids = [send.enqueue("a book").id, tidy.enqueue().id, send.bulk_enqueue([["a vase"]])[0].id]
print(json.dumps(ids))
"""

TELL = """
import json, sys, time
import django
django.setup()
from django_jobs.compat import default_task_backend

def told(job_id):
    deadline = time.monotonic() + 90
    while not (result := default_task_backend.get_result(job_id)).is_finished:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return result.return_value

print(json.dumps([told(job_id) for job_id in json.loads(INPUT)]))
"""


def run(*arguments: str, **variables: str) -> str:
    """Run Python on the site, and return its output."""
    site = {"PYTHONPATH": f"{SITE}:{ROOT}", "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = warm_python.run(arguments, ROOT, os.environ | site | variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


def work(**variables: str) -> str:
    return run("-m", "django", "runworker", "--burst", **variables)


RESULTS = ["a book is on its way", "tidy", "a vase is on its way"]


def test_the_thread_pool_runs_them() -> None:
    program = ENQUEUE + TELL.replace("INPUT", "json.dumps(ids)")
    assert json.loads(run("-c", program).splitlines()[-1]) == RESULTS


def test_a_worker_runs_them(redis_url: str) -> None:
    redis = {"JOB_BACKEND": "redis", "REDIS_URL": redis_url}
    ids = run("-c", ENQUEUE, **redis)
    greeting = work(**redis)
    assert "1 periodic task:" in greeting
    assert json.loads(run("-c", TELL.replace("INPUT", repr(ids)), **redis)) == RESULTS


# --- who can write to Redis, and does not know SECRET_KEY ----------------------------------------


def signature(name: str, key: str = "a site of strangers", salt: str = SALT) -> str:
    return Signer(key=key, salt=salt).signature(name)[:LENGTH]


FORGED = {
    "none": ("", "has no signature"),
    "nonsense": ("x" * LENGTH, "SECRET_KEY must be the same"),
    "another key's": (signature(SEND, key="guessed"), "SECRET_KEY must be the same"),
    "for another task": (signature("config.tasks.tidy"), "SECRET_KEY must be the same"),
    "for something else": (signature(SEND, salt="sessions"), "SECRET_KEY must be the same"),
}


@pytest.fixture
def records(redis_url: str, tmp_path: Path) -> Any:
    """Store jobs of a task with these signatures, let a worker take them, and tell of each."""

    def attack(*signatures: str) -> tuple[JobRecord, ...]:
        broker = RedisBroker(redis_url)
        jobs = [
            make_job(task=SEND, arguments='[["it"],{}]', signature=one, enqueued_at=0)
            for one in signatures
        ]
        broker.push(jobs)
        work(JOB_BACKEND="redis", REDIS_URL=redis_url, NOTICE_OF_IMPORT=str(tmp_path / "imported"))
        found = broker.inspection.read([job.id for job in jobs])
        broker.close()
        return found

    return attack


def test_a_forged_signature_imports_nothing(records: Any, tmp_path: Path) -> None:
    found = records(*(forged for forged, _ in FORGED.values()))
    assert not (tmp_path / "imported").exists()
    for (_, reason), record in zip(FORGED.values(), found, strict=True):
        # Like every unknown task it waits for a worker that knows it, of another deploy.
        assert record.state is State.SCHEDULED
        assert record.postponement is not None
        failure = record.postponement.failure
        assert failure.exception == "django_jobs.errors.TaskNotFound"
        assert "the module 'parcels.jobs' is not imported" in failure.message
        assert reason in failure.message


def test_a_true_signature_imports_the_module(records: Any, tmp_path: Path) -> None:
    (record,) = records(signature(SEND))
    assert (tmp_path / "imported").exists()
    assert record.state is State.SUCCEEDED
