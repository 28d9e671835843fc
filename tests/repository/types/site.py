"""A site's code as its type checker sees it: `mypy` checks it with django-stubs, a test without.

Each wrong line has a `type: ignore`, and one that is not needed is an error.
"""

from __future__ import annotations

from typing import Any, assert_type

from django_jobs import Retry, task
from django_jobs.jobs.context import JobContext
from django_jobs.jobs.result import JobResult
from django_jobs.tasks.calls import Call
from django_jobs.testing import perform


@task
def add(a: int, b: int = 0) -> int:
    return a + b


@task(queue_name="low", priority=5, retry=Retry(attempts=3), timeout=30, metadata={"tenant": 1})
def shout(text: str, *, times: int = 1) -> str:
    return text.upper() * times


@task
async def fetch(url: str) -> bytes:
    return url.encode()


@task(timeout=5)
async def fetch_soon(url: str) -> list[str]:
    return [url]


@task(takes_context=True)
def count(context: JobContext, step: int) -> int:
    assert_type(context.attempt, int)
    assert_type(context.metadata, dict[str, Any])
    assert_type(context.task_result.id, str)
    context.save_metadata()
    return step


@task(takes_context=True)
async def count_later(context: JobContext, step: int) -> str:
    await context.asave_metadata()
    return str(step)


def declared() -> None:
    task(retries=3)  # type: ignore[call-overload]
    task(priority="high")  # type: ignore[call-overload]
    add.using(priority=5, metadata={"trace": "1"}).enqueue(1)
    add.using(power=5)  # type: ignore[call-arg]
    assert_type(add.call(1), int)
    assert_type(fetch.call("…"), bytes)


def enqueued() -> None:
    result = add.enqueue(1, b=2)
    assert_type(result, JobResult[int])
    assert_type(result.id, str)
    assert_type(result.return_value, int)
    assert_type(result.metadata, dict[str, Any])
    assert_type(fetch.enqueue("…").return_value, bytes)
    assert_type(fetch_soon.enqueue("…").return_value, list[str])
    assert_type(shout.enqueue("a", times=2).return_value, str)
    assert_type(count.enqueue(2).return_value, int)
    assert_type(count_later.using(priority=1).enqueue(step=2).return_value, str)
    assert_type(count.get_result("id").return_value, int)
    assert_type(perform(fetch, "…"), bytes)

    add.enqueue("1")  # type: ignore[arg-type]
    add.enqueue()  # type: ignore[call-arg]
    add.enqueue(1, c=2)  # type: ignore[call-arg]
    shout.enqueue("a", 2)  # type: ignore[call-arg]
    fetch.enqueue(b"")  # type: ignore[arg-type]
    count.enqueue("2")  # type: ignore[arg-type]
    count_later.using(priority=1).enqueue()  # type: ignore[call-arg]


async def enqueued_in_loop() -> None:
    assert_type((await fetch.aenqueue("…")).return_value, bytes)
    assert_type((await add.aget_result("id")).return_value, int)
    assert_type(await fetch.acall("…"), bytes)
    await add.aenqueue("1")  # type: ignore[arg-type]


def enqueued_in_bulk() -> None:
    results = add.bulk_enqueue(add.arguments(number, b=2) for number in range(3))
    assert_type(results, list[JobResult[int]])
    add.bulk_enqueue([[1], (1, 2), {"a": 1}, Call([1], {"b": 2}), add.arguments(1)])

    add.arguments("1")  # type: ignore[arg-type]
    add.bulk_enqueue([1, 2])  # type: ignore[list-item]
    add.bulk_enqueue(["1"])  # type: ignore[list-item]
    add.bulk_enqueue([shout.arguments("a")])  # type: ignore[list-item]


def mixed() -> list[JobResult[Any]]:
    return [add.enqueue(1), fetch.enqueue("…"), *shout.bulk_enqueue([["a"]])]
