"""Django's signals, sent for every job wherever it runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.dispatch import Signal

from django_jobs.backends import JobBackend
from django_jobs.compat import task_enqueued, task_finished, task_started
from django_jobs.signals import job_retrying
from tests.apps.backend_site import tasks
from tests.apps.library.models import Author
from tests.integration.backends.helpers import Receiver, connected
from tests.support.results import ended, succeeded
from tests.support.waiting import wait_until

SIGNALS = {
    "enqueued": task_enqueued,
    "started": task_started,
    "retrying": job_retrying,
    "finished": task_finished,
}


@pytest.fixture
def listen() -> Iterator[Callable[[Signal, Receiver], None]]:
    with ExitStack() as stack:

        def connect(signal: Signal, receiver: Receiver) -> None:
            stack.enter_context(connected(signal, receiver))

        yield connect


Listen = Callable[[Signal, Receiver], None]


@pytest.fixture(params=["thread_pool", "redis", "inline"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("task", [tasks.echo, tasks.echo_later])
def test_the_signals_of_a_success_come_once_from_the_backend_s_class(
    backend: JobBackend, listen: Listen, task: Any
) -> None:
    heard: list[Any] = []
    for name, signal in SIGNALS.items():

        def receive(*, sender: type, task_result: Any, name: str = name, **_: Any) -> None:
            heard.append((name, sender, task_result.id, str(task_result.status)))

        listen(signal, receive)
    result = task.enqueue("value")
    assert succeeded(result) == [["value"], {}]
    wait_until(lambda: len(heard) == 3)
    assert sorted(heard) == sorted(
        (name, type(backend), result.id, status)
        for name, status in [
            ("enqueued", "READY"),
            ("started", "RUNNING"),
            ("finished", "SUCCESSFUL"),
        ]
    )


def test_the_result_of_a_success_holds_its_value(backend: JobBackend, listen: Listen) -> None:
    heard: list[Any] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append((task_result.return_value, task_result.is_finished, task_result.attempts))

    listen(task_finished, receive)
    ended(tasks.echo.enqueue("value"))
    wait_until(lambda: heard)
    assert heard == [([["value"], {}], True, 1)]


@pytest.mark.parametrize("task", [tasks.fail, tasks.fail_later])
def test_receivers_of_a_failure_see_the_error(
    backend: JobBackend, listen: Listen, task: Any
) -> None:
    heard: list[Any] = []

    def receive(*, task_result: Any, **_: Any) -> None:
        heard.append((sys.exc_info()[0], str(task_result.status), len(task_result.errors)))

    listen(task_finished, receive)
    ended(task.enqueue("value"))
    wait_until(lambda: heard)
    assert heard == [(ValueError, "FAILED", 1)]


@pytest.mark.parametrize("task", [tasks.fail_twice, tasks.fail_twice_later])
@pytest.mark.parametrize("kind", ["thread_pool", "redis"])
def test_an_attempt_that_is_followed_by_another_has_a_signal_of_its_own(
    backend: JobBackend, listen: Listen, task: Any
) -> None:
    heard: list[Any] = []

    def receive(*, error: Exception, delay: float, task_result: Any, **_: Any) -> None:
        heard.append((str(error), delay, str(task_result.status), task_result.attempts))

    listen(job_retrying, receive)
    ended(task.enqueue("value"))
    wait_until(lambda: len(heard) == 2)
    assert heard == [("value", 0, "READY", 1), ("value", 0, "READY", 2)]


@pytest.mark.parametrize("name", ["enqueued", "started", "finished"])
@pytest.mark.parametrize("task", [tasks.echo, tasks.echo_later])
def test_receivers_that_fail_do_no_harm(
    backend: JobBackend, listen: Listen, name: str, task: Any
) -> None:
    def receive(**_: Any) -> None:
        raise RuntimeError("a receiver's own fault")

    listen(SIGNALS[name], receive)
    assert succeeded(task.enqueue("value")) == [["value"], {}]


@pytest.mark.parametrize("task", [tasks.echo, tasks.echo_later])
def test_receivers_may_be_coroutines(backend: JobBackend, listen: Listen, task: Any) -> None:
    heard: list[str] = []

    async def receive(*, task_result: Any, **_: Any) -> None:
        await asyncio.sleep(0)
        heard.append(task_result.id)

    listen(task_finished, receive)
    result = ended(task.enqueue())
    wait_until(lambda: heard)
    assert heard == [result.id]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("task", [tasks.fail_twice, tasks.fail_twice_later])
@pytest.mark.parametrize("name", ["started", "retrying", "finished"])
@pytest.mark.parametrize("kind", ["thread_pool", "redis"])
def test_receivers_may_use_the_database(
    backend: JobBackend, listen: Listen, task: Any, name: str
) -> None:
    def receive(*, task_result: Any, **_: Any) -> None:
        Author.objects.create(name=f"{name} {task_result.attempts}")

    listen(SIGNALS[name], receive)
    ended(task.enqueue("value"))
    times = {"started": [1, 2, 3], "retrying": [1, 2], "finished": [3]}[name]
    wait_until(lambda: Author.objects.count() >= len(times))
    names = Author.objects.order_by("pk").values_list("name", flat=True)
    assert list(names) == [f"{name} {number}" for number in times]
