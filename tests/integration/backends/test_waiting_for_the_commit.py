"""Enqueueing inside of transactions; `test_on_commit.py` looks at every way to nest them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import transaction

from django_jobs.backends import JobBackend
from django_jobs.compat import TaskResultDoesNotExist, task_enqueued
from django_jobs.errors import BrokerUnavailable
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure, Start
from tests.support.redis_server import RedisServer
from tests.support.results import ended

committing = pytest.mark.django_db(transaction=True)
Capture = Callable[..., AbstractContextManager[list[Callable[[], Any]]]]


@pytest.fixture(params=["thread_pool", "redis", "inline"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def is_known(result: Any) -> bool:
    try:
        result.refresh()
    except TaskResultDoesNotExist:
        return False
    return True


@committing
def test_a_job_waits_for_the_commit_and_its_id_is_known_before(backend: JobBackend) -> None:
    heard: list[str] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append(task_result.id)

    task_enqueued.connect(receive)
    try:
        with transaction.atomic():
            with transaction.atomic():
                result = tasks.note.enqueue("committed")
            assert not is_known(result)
            assert heard == []
        assert heard == [result.id]
    finally:
        task_enqueued.disconnect(receive)
    ended(result)
    assert tasks.seen == ["committed"]


@committing
def test_a_rollback_enqueues_nothing(backend: JobBackend) -> None:
    with transaction.atomic():
        single = tasks.note.enqueue("never")
        several = tasks.note.bulk_enqueue([["never"], ["ever"]])
        transaction.set_rollback(True)
    assert not any(map(is_known, [single, *several]))


@committing
def test_a_call_may_not_wait(backend: JobBackend) -> None:
    with transaction.atomic():
        assert is_known(tasks.note.using(enqueue_on_commit=False).enqueue("now"))


@committing
def test_a_task_may_not_wait_and_one_of_its_calls_may(backend: JobBackend) -> None:
    with transaction.atomic():
        assert is_known(tasks.at_once.enqueue("now"))
        assert not is_known(tasks.at_once.using(enqueue_on_commit=True).enqueue("later"))


@committing
def test_a_backend_may_not_wait_and_one_of_its_calls_may(start: Start) -> None:
    start(enqueue_on_commit=False)
    with transaction.atomic():
        assert is_known(tasks.note.enqueue("now"))
        assert not is_known(tasks.note.using(enqueue_on_commit=True).enqueue("later"))


@committing
def test_a_coroutine_is_in_no_transaction(backend: JobBackend) -> None:
    result = asyncio.run(tasks.note.aenqueue("value"))
    assert is_known(result)


@pytest.mark.django_db
def test_tests_can_capture_the_callbacks(
    backend: JobBackend, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        result = tasks.note.enqueue("captured")
    assert (len(callbacks), is_known(result)) == (1, False)
    with django_capture_on_commit_callbacks(execute=True):
        result = tasks.note.enqueue("executed")
    ended(result)
    assert tasks.seen == ["executed"]


# --- a broker that is away at the commit ----------------------------------------------------------


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [it.message for it in caplog.records if it.levelname == "ERROR"]


@committing
def test_a_redis_that_is_gone_at_the_commit_costs_the_site_nothing_else(
    configure: Configure,
    redis_server_factory: Callable[..., RedisServer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = redis_server_factory()
    configure("redis", url=server.url)
    tasks.note.enqueue("before")
    ran: list[str] = []
    with transaction.atomic():
        one = tasks.note.enqueue("a secret")
        transaction.on_commit(lambda: ran.append("cache"))
        several = tasks.note.bulk_enqueue([["many"]] * 102)
        transaction.on_commit(lambda: ran.append("search"))
        server.kill9()

    assert ran == ["cache", "search"]
    first, second = lines(caplog)
    for line in (first, second):
        assert line.startswith(
            "The transaction is committed, but tests.apps.backend_site.tasks.note could"
        )
        assert "does not answer" in line
        assert "secret" not in line
    assert one.id in first
    assert several[99].id in second
    assert "and 2 more" in second
    with pytest.raises(BrokerUnavailable):
        tasks.note.enqueue("without a transaction")


@committing
def test_a_thread_pool_that_is_full_at_the_commit_costs_the_site_nothing_else(
    configure: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    configure("thread_pool", max_queued=1, full_timeout=0)
    ran: list[str] = []
    with transaction.atomic():
        results = tasks.note.bulk_enqueue([["many"]] * 2)
        transaction.on_commit(lambda: ran.append("cache"))

    assert ran == ["cache"]
    (line,) = lines(caplog)
    assert all(result.id in line for result in results)
