"""The page of background jobs of the example site."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from django_jobs.compat import task_backends
from tests.support.board_fixtures import tasks_from
from tests.support.builders import retrying
from tests.support.driver import Driver

pytestmark = pytest.mark.django_db(transaction=True)
JOIN = {"email": "greta@example.com"}


def test_a_job_is_followed_from_waiting_to_done(client: Client, settings: Any) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="dummy")
    page = client.post("/join/", JOIN, follow=True)
    assert "Your mail with a link: queued" in page.text
    assert "data-open" in client.get("/background/strip/").text


def test_a_job_that_failed_says_that_it_is_tried_again(client: Client, settings: Any) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="dummy")
    client.post("/join/", JOIN, follow=True)
    backend: Any = task_backends["default"]
    worker = Driver(backend.broker)
    worker.settle(retrying(worker.take_one("default", "mailers"), delay=60_000))

    assert "Your mail with a link: retrying" in client.get("/background/strip/").text


def test_a_backend_that_keeps_no_results_shows_no_strip(client: Client, settings: Any) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="inline")
    client.post("/join/", JOIN)
    settings.TASKS = tasks_from(JOB_BACKEND="dummy")
    assert "Jobs run in this process." in client.get("/background/strip/").text


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [("async", "Jobs run in this process"), ("redis", "started with <code>manage.py runworker")],
)
def test_the_page_says_where_jobs_run(
    client: Client, settings: Any, redis_url: str, backend: str, sentence: str
) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND=backend, REDIS_URL=redis_url)
    assert sentence in client.get("/background/").text


def test_a_store_that_does_not_answer_is_explained(client: Client, settings: Any) -> None:
    settings.TASKS = tasks_from(JOB_BACKEND="redis", REDIS_URL="redis://127.0.0.1:1/0")
    page = client.post("/join/", JOIN)
    assert page.status_code == 503
    assert "does not answer" in page.text
