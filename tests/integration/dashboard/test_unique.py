"""What pages say of unique jobs."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import Job, Lock, OnConflict
from tests.integration.dashboard.helpers import JOB, JOBS, do, shown, words
from tests.support.builders import dead, make_job
from tests.support.driver import Driver

LOCK = Lock("d1", on_conflict=OnConflict.REPLACE)


def unique(job_id: str) -> Job:
    return make_job(id=job_id, lock=LOCK)


@pytest.fixture
def locked_out(backend: JobBackend, worker: Driver) -> str:
    """A dead job whose lock another one holds."""
    backend.broker.push([unique("old")])
    worker.settle(dead(worker.take_one()))
    backend.broker.push([unique("holder")])
    return "old"


def test_the_page_names_the_holder(onlooker: Client, locked_out: str) -> None:
    html = shown(onlooker, JOB, id=locked_out)

    assert "held by holder" in words(html)
    assert f"{JOB}?id=holder" in html
    assert "d1" not in html, "by the digest, guesses of hidden arguments could be tried"
    assert "held by this job" in words(shown(onlooker, JOB, id="holder"))


def test_a_lock_that_is_free_is_held_by_nobody(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([unique("old")])
    worker.settle(dead(worker.take_one()))

    assert "held by nobody" in words(shown(onlooker, JOB, id="old"))


def test_other_jobs_have_no_lock(onlooker: Client, backend: JobBackend) -> None:
    backend.broker.push([make_job(id="plain")])

    assert 'id="lock"' not in shown(onlooker, JOB, id="plain")


def test_a_successor_names_the_job_for_which_it_waits(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([unique("first")])
    worker.take_one()
    backend.broker.push([unique("next")])

    assert 'id="awaits-lock"' in shown(onlooker, JOB, id="next")
    assert "next" in shown(onlooker, JOBS, state="scheduled")


def test_a_job_whose_lock_is_taken_is_not_retried(operator: Client, locked_out: str) -> None:
    html = do(operator, "apply_action", do="retry", job=locked_out)

    assert "1 job was not retried: another job holds its lock" in words(html)


def test_of_many_those_whose_locks_are_taken_are_counted_apart(
    operator: Client, backend: JobBackend, worker: Driver, locked_out: str
) -> None:
    backend.broker.push([make_job(id="plain", queue="other")])
    worker.settle(dead(worker.take_one("other")))
    bulk = operator.get(reverse("django_jobs_dashboard:bulk"), {"do": "retry", "state": "dead"})

    html = do(operator, "bulk_step", run=bulk.context["run"])

    assert "1 job was enqueued." in words(html)
    assert "1 job was not retried: another job holds its lock" in words(html)
