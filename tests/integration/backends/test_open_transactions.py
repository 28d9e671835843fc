"""A job that leaves a transaction open takes no later job of its thread into it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from django_jobs import Retry, task
from tests.apps.library.models import Author
from tests.support.results import ended, succeeded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _one_thread(settings: Any) -> None:
    """Both jobs of a test run in the same thread."""
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.ThreadPoolBackend",
            "OPTIONS": {"concurrency": 1},
        }
    }


@task
def leave_open() -> int:
    """Ends as a timeout in the middle of `Atomic.__exit__` would let it end."""
    transaction.atomic().__enter__()
    Author.objects.create(name="left open")
    return threading.get_ident()


@task(retry=Retry(attempts=1))
def fail_in_the_middle() -> None:
    transaction.atomic().__enter__()
    raise ValueError


@task
def write(name: str) -> tuple[int, bool]:
    Author.objects.create(name=name)
    return threading.get_ident(), connection.in_atomic_block


def test_what_the_next_job_writes_is_committed(caplog: pytest.LogCaptureFixture) -> None:
    thread = succeeded(leave_open.enqueue())

    assert succeeded(write.enqueue("next")) == [thread, False]

    assert [author.name for author in Author.objects.all()] == ["next"]
    assert "left a transaction open" in caplog.text


def test_so_it_is_after_an_error() -> None:
    ended(fail_in_the_middle.enqueue())

    _, in_atomic_block = succeeded(write.enqueue("next"))

    assert not in_atomic_block
    assert Author.objects.count() == 1
