"""A site's code as its type checker sees it.

Each wrong line has a `type: ignore`. `test_types.py` lets mypy and pyright check that they report
these lines and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, assert_type

from django_jobs import (
    Chain,
    Limit,
    Rate,
    Retry,
    Unique,
    Workflow,
    periodic,
    send_mail_later,
    set_progress,
    task,
)
from django_jobs.errors import Discard, RetryLater
from django_jobs.jobs.context import JobContext
from django_jobs.jobs.result import JobResult
from django_jobs.relations.nodes import Node
from django_jobs.tasks.calls import Call


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


@task(unique=Unique(by=["text"], keep_for=60, on_conflict="raise"))
def index(text: str) -> int:
    return len(text)


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


@task
def total(numbers: list[int]) -> int:
    return sum(numbers)


@task
def mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


@task
def send(a: int, b: int, c: int, d: int) -> None: ...


@task
def joined(texts: Sequence[str]) -> str:
    return "".join(texts)


@periodic("0 8 * * *", timezone="Europe/Berlin", name="report")
@task(max_attempts=5, backoff=lambda error, result: 2.0, timeout=timedelta(minutes=5))
def report() -> None:
    set_progress(1, 2, "half")
    raise RetryLater(timedelta(seconds=30)) if datetime.now(UTC).hour else Discard("too early")


def patient(attempt: int, error: BaseException) -> float:
    return attempt * 60.0


def policies() -> None:
    Retry(attempts=3, wait=timedelta(minutes=1), on=(OSError, "shop.errors.Busy"), jitter=0.1)
    Retry(wait=[1, 5, timedelta(minutes=1)])
    Retry(wait=patient)
    Retry(attempts="3")  # type: ignore[arg-type]
    Retry(wait="1 minute")  # type: ignore[arg-type]
    Retry(tries=3)  # type: ignore[call-arg]
    Retry(on=[OSError])  # type: ignore[arg-type]
    Retry(jitter="none")  # type: ignore[arg-type]


def mailed() -> None:
    result = send_mail_later("Subject", "Text", None, ["a@example.com"], run_after=timedelta(1))
    assert_type(result, JobResult[Any] | None)

    send_mail_later("Subject", "Text", None)  # type: ignore[call-arg]
    send_mail_later("Subject", "Text", None, [1])  # type: ignore[list-item]
    send_mail_later("Subject", "Text", None, ["a@example.com"], priority="high")  # type: ignore[arg-type]
    send_mail_later("Subject", "Text", None, ["a@example.com"], run_after=5)  # type: ignore[arg-type]


def scheduled() -> None:
    assert_type(report.enqueue().return_value, None)
    assert_type(report.using(run_after=timedelta(hours=1)).enqueue(), JobResult[None])
    periodic(5)  # type: ignore[arg-type]
    periodic("@daily", zone="UTC")  # type: ignore[call-arg]
    add.using(run_after="soon")  # type: ignore[arg-type]
    add.using(queue_name=5)  # type: ignore[arg-type]


def together() -> None:
    flow = Workflow("sums", metadata={"tenant": 1})
    first = flow.add(add, 1, b=2)
    page = flow.add(fetch, "…")
    loud = flow.add(shout, "a", times=2)
    assert_type(first, Node[int])
    assert_type(page, Node[bytes])
    assert_type(first.result, int)
    flow.add(add, first.result, b=first.result)
    flow.add(total, [first.result, 5, flow.add(count, 1).result])
    flow.add(mean, [first.result])
    flow.add(report)
    flow.add("shop.tasks.add")  # type: ignore[call-overload]

    flow.add(add, loud.result)  # type: ignore[call-overload]
    flow.add(add, 1, b=loud.result)  # type: ignore[arg-type]
    flow.add(shout, page.result)  # type: ignore[call-overload]
    flow.add(total, [first.result, loud.result])  # type: ignore[call-overload]
    flow.add(add)  # type: ignore[call-overload]
    flow.add(shout, loud.result, tmes=2)  # type: ignore[call-arg]


def one_after_another() -> None:
    flow = Workflow()
    first, loud = flow.add(add, 1), flow.add(shout, "a")
    assert_type(flow.add(fetch, loud.result, after=[first, first.ended]), Node[bytes])
    flow.add(shout, loud.result, times=2, after=first)
    flow.add(shout, text=loud.result, after=first)
    flow.add(total, [first.result], after=loud.ended)
    flow.add(report, after=loud)
    flow.add(send, 1, 2, 3, 4, after=loud)
    flow.add(add, loud.result, after=[first])  # type: ignore[call-arg, arg-type]
    flow.add(add, 1, loud.result, after=first)  # type: ignore[call-arg, arg-type]
    flow.add(add, 1, after="first")  # type: ignore[call-arg]


def chained() -> None:
    assert_type(Chain().add(add, 1).add(add, b=2), Chain[int])
    assert_type(Chain("page").add(shout, "…").add(fetch), Chain[bytes])
    Chain().add(fetch_soon, "…").add(joined).add(shout, times=2)
    Chain().add(shout, "a").add(shout, tmes=2)  # type: ignore[call-arg]


def looked_at(result: JobResult[int]) -> None:
    assert_type(result.is_finished, bool)
    assert_type(result.cancel(), bool)
    result.refresh()
    result.return_value.upper()  # type: ignore[attr-defined]


def declared() -> None:
    task(timeout="5")  # type: ignore[call-overload]
    task(retries=3)  # type: ignore[call-overload]
    task(priority="high")  # type: ignore[call-overload]
    add.using(priority=5, metadata={"trace": "1"}).enqueue(1)
    add.using(unique=Unique(by="a", until="start"))
    add.using(limits=[Limit(2, by="a"), Rate(5, per=60, name="api")])
    add.using(limits=Rate(5, per=60))
    task(limits=5)  # type: ignore[call-overload]
    Rate(5)  # type: ignore[call-arg]
    Limit(5, "a")  # type: ignore[call-arg]
    task(unique=True)  # type: ignore[call-overload]
    Unique(on_conflict="ignore")  # type: ignore[arg-type]
    Unique(["text"])  # type: ignore[call-arg]
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
    assert_type(index.enqueue("a").return_value, int)
    assert_type(fetch_soon.enqueue("…").return_value, list[str])
    assert_type(shout.enqueue("a", times=2).return_value, str)
    assert_type(count.enqueue(2).return_value, int)
    assert_type(count_later.using(priority=1).enqueue(step=2).return_value, str)
    assert_type(count.get_result("id").return_value, int)

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
