"""The page of a job shows how far it is."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import JobProgress
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim
from tests.support.builders import dead, make_job
from tests.support.driver import Driver

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def claim(backend: JobBackend, worker: Driver) -> Claim:
    backend.broker.push([make_job()])
    return worker.take_one()


def page(client: Client, claim: Claim) -> str:
    return client.get(reverse("django_jobs_dashboard:job"), {"id": claim.job.id}).content.decode()


def say(worker: Driver, claim: Claim, progress: Progress) -> None:
    said = JobProgress(job_id=claim.job.id, token=claim.token, tag=claim.tag, progress=progress)
    worker.heartbeat(progress=[said])


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (Progress(1200, 48_000, "rows"), "rows · 1,200 of 48,000"),
        (Progress(0.5, 2), "0.50 of 2"),
        (Progress(1200), "1,200"),
    ],
)
def test_a_running_job_shows_its_progress(
    progress: Progress, shown: str, onlooker: Client, worker: Driver, claim: Claim
) -> None:
    assert 'id="progress"' not in page(onlooker, claim)
    say(worker, claim, progress)
    html = page(onlooker, claim)
    assert f"<p>{shown}</p>" in html
    assert ("<progress" in html) == (progress.total is not None)


def test_a_dead_job_shows_the_progress_of_its_last_attempt(
    onlooker: Client, worker: Driver, claim: Claim
) -> None:
    say(worker, claim, Progress(3, 9))
    worker.settle(dead(claim))
    assert "Progress of the last attempt: 3 of 9" in page(onlooker, claim)


def test_the_text_of_a_progress_is_escaped(onlooker: Client, worker: Driver, claim: Claim) -> None:
    say(worker, claim, Progress(3, 9, HOSTILE))
    html = page(onlooker, claim)
    assert HOSTILE not in html
    assert "&lt;script&gt;" in html
