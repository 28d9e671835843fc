"""Tasks that do everything a task may do."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from itertools import count
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections

from django_jobs import Batch, Retry, Unique, Workflow, task
from django_jobs.compat import TaskContext, task_backends
from django_jobs.errors import MissingRecord, QueueFull, RetryLater
from tests.apps.library.models import Author

seen: list[Any] = []
"""What ran, in the order in which it ran; the worker of the tests lives in their process.

Each test gets a new list, so a job that outlives its test, let through the gate at the end of it,
does not write into the next one's.
"""

gate = threading.Event()
"""Holds back `wait_at_gate`."""

at_gate = threading.Semaphore(0)
"""Tells that a job waits at the gate."""

AT_ONCE = Retry(attempts=3, wait=0)


@task
def echo(*args: Any, **kwargs: Any) -> Any:
    return [list(args), kwargs]


@task
async def echo_later(*args: Any, **kwargs: Any) -> Any:
    await asyncio.sleep(0)
    return [list(args), kwargs]


@task(retry=AT_ONCE)
def repeat(text: str, times: int) -> str:
    return text * times


@task(retry=AT_ONCE)
async def repeat_later(text: str, times: int) -> str:
    return text * times


class EndlessList(Sequence[int]):
    """A list that says how long it is, and is wrong."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        return index


class EndlessDict(Mapping[int, int]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, key: int) -> int:
        return key

    def __iter__(self) -> Iterator[int]:
        return count()


def doubled() -> list[Any]:
    """A small list with 2 ** 50 items, as it shares its parts."""
    items: list[Any] = []
    for _ in range(50):
        items = [items, items]
    return items


BOUNDLESS: dict[str, Callable[[], Any]] = {
    "range": lambda: range(10**10),
    "endless list": EndlessList,
    "endless dict": EndlessDict,
    "in a dict": lambda: {"items": [range(10**10)]},
    "doubled": doubled,
    "shared text": lambda: ["x" * 10_000] * 1_000_000,
    "shared bytes": lambda: [b"x" * 10_000] * 1_000_000,
    "shared key": lambda: [{"x" * 10_000: None}] * 1_000_000,
}
"""Values whose JSON text would take all memory."""


@task
def return_boundless(kind: str) -> Any:
    return BOUNDLESS[kind]()


@task
def count_forever() -> Any:
    return (number for number in count())


@task
def note(value: Any) -> None:
    seen.append(value)


@task(fair_by="value")
def note_fairly(value: Any) -> None:
    seen.append(value)


@task(unique=Unique(by="key"))
def note_once(key: str, value: Any) -> Any:
    seen.append(value)
    return value


@task(unique=Unique(by="key", on_conflict="replace"))
def note_newest(key: str, value: Any) -> None:
    at_gate.release()
    assert gate.wait(60)
    seen.append(value)


@task(
    unique=Unique(by="key", on_conflict="replace"),
    retry=Retry(attempts=5, wait=3600),
)
def fail_at_gate(key: str, value: Any) -> None:
    """Fail if the value is an error."""
    at_gate.release()
    assert gate.wait(60)
    if isinstance(value, str):
        raise ValueError(value)


@task(retry=Retry(attempts=5, wait=3600))
def fail_alone(key: str, value: Any) -> None:
    """Fail in the same way, without being unique."""
    fail_at_gate.call(key, value)


@task(unique=Unique())
def tick_once() -> None:
    """A task to put on a schedule."""


@task(unique=Unique())
def enqueue_itself(value: int) -> str:
    """Return the id of the job that stands for another call like this one."""
    return enqueue_itself.enqueue(value).id


@task
def note_types(*args: Any) -> list[str]:
    seen.append(args)
    return [type(arg).__name__ for arg in args]


@task
def wait_at_gate(value: Any = None) -> None:
    noted = seen
    at_gate.release()
    assert gate.wait(50)
    noted.append(value)


@task(retry=Retry(attempts=1))
def fail_at_length() -> None:
    raise type("E" * 100_000, (Exception,), {})("x" * 100_000)


@task(takes_context=True, retry=AT_ONCE)
def fail_once(context: TaskContext, times: int = 1) -> None:
    if context.attempt <= times:
        raise ValueError(f"attempt {context.attempt}")


@task(takes_context=True, retry=AT_ONCE)
def fail_twice(context: TaskContext, value: str) -> list[Any]:
    seen.append(context.attempt)
    if context.attempt < 3:
        raise ValueError(value)
    return [context.task_result.id, context.attempt, context.task_result.task.priority]


@task(takes_context=True, retry=AT_ONCE)
async def fail_twice_later(context: TaskContext, value: str) -> list[Any]:
    seen.append(context.attempt)
    if context.attempt < 3:
        raise ValueError(value)
    return [context.task_result.id, context.attempt, context.task_result.task.priority]


@task(retry=AT_ONCE)
def unserialisable() -> object:
    seen.append("ran")
    return object()


@task(retry=AT_ONCE)
async def unserialisable_later() -> object:
    seen.append("ran")
    return object()


class Mute(Exception):
    """An error that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


ERRORS: dict[str, type[BaseException]] = {
    "value": ValueError,
    "exit": SystemExit,
    "interrupt": KeyboardInterrupt,
    "mute": Mute,
    "generator": GeneratorExit,
    "cancelled": asyncio.CancelledError,
}


@task(retry=Retry(attempts=2, wait=0))
def fail(kind: str) -> None:
    seen.append(kind)
    raise ERRORS[kind]("on purpose")


@task(retry=Retry(attempts=2, wait=0))
async def fail_later(kind: str) -> None:
    seen.append(kind)
    raise ERRORS[kind]("on purpose")


def wait_by_error(attempt: int, error: BaseException) -> float:
    return 0.0


@task(retry=Retry(attempts=2, wait=wait_by_error))
def wait_is_a_function() -> None:
    seen.append("ran")
    take_long()


@task
def greet_author(author: Author) -> str:
    return f"hello {author.name}"


@task
async def greet_author_later(author: Author) -> str:
    return f"hello {author.name}"


@task(discard_on=MissingRecord)
def greet_if_there(author: Author) -> str:
    return f"hello {author.name}"


@task
def enqueue_another(value: Any) -> str:
    return note.enqueue(value).id


@task
async def enqueue_another_later(value: Any) -> str:
    note.enqueue(value)
    return (await note.aenqueue(value)).id


@task
def flood() -> str:
    """Enqueue more than the pool takes."""
    try:
        for _ in range(50):
            note.enqueue("flooded")
    except QueueFull as error:
        return type(error).__name__
    return "room for all"


@task
def relay(left: int) -> None:
    """Enqueue the next one, after the gate is open."""
    noted = seen
    at_gate.release()
    assert gate.wait(50)
    noted.append(left)
    if left:
        relay.enqueue(left - 1)


def later() -> Any:
    return echo.using(run_after=timedelta(hours=1))


@task
def count_authors() -> int:
    return Author.objects.count()


@task
async def count_authors_later() -> int:
    try:
        return await Author.objects.acount()
    finally:
        await sync_to_async(connections.close_all)()


def take_long() -> None:
    """Take so long that only a timeout ends it, in steps between which it can be interrupted."""
    for _ in range(2000):
        threading.Event().wait(0.01)


@task
def sleep_in_python() -> None:
    take_long()


@task
def leave() -> None:
    sys.exit(3)


@task(enqueue_on_commit=False)
def at_once(value: Any) -> None:
    seen.append(value)


def plain(value: int) -> int:
    return value


class Holder:
    def method_like() -> None:  # type: ignore[misc]
        """A function in a class body."""


@task(retry=Retry(attempts=2, wait=0))
def ask_for(when: Any) -> None:
    """Ask to be run again at a time that may be no time at all."""
    seen.append("ran")
    raise RetryLater(float(when) if when == "inf" else when)


@task
def add_members(batch_id: str, number: int) -> None:
    """Run as a member: adds others."""
    batch = Batch.get(batch_id)
    batch.bulk_enqueue(note, [[f"added {index}"] for index in range(number)])
    seen.append("adder")


@task
def add_members_in_threads(batch_id: str, names: list[str]) -> None:
    """Run as a member: adds others from several threads, by several calls of each."""

    def add(name: str) -> None:
        batch = Batch.get(batch_id)
        batch.enqueue(note, f"{name}1")
        batch.bulk_enqueue(note, [[f"{name}2"], [f"{name}3"]])

    in_threads(add, names)


@task
def note_batch(batch_id: str) -> None:
    """Be a callback."""
    batch = Batch.get(batch_id)
    seen.append((batch.metadata.get("callback", "end"), batch.state.value))


@task
def note_success(batch_id: str) -> None:
    seen.append(f"success of {Batch.get(batch_id).name}")


@task
def note_death(batch_id: str) -> None:
    seen.append(f"death in {Batch.get(batch_id).name}")


@task
def open_batch(number: int) -> str:
    """Run as a job: opens a batch of its own."""
    with Batch(name="inner", on_success=note_success) as batch:
        for index in range(number):
            batch.enqueue(note, index)
    return batch.id


@task
def wait_for_batch(batch_id: str) -> None:
    Batch.get(batch_id).wait(timeout=0)


@task
def give_back(value: Any) -> Any:
    """Return a value as it is."""
    return value


@task(retry=Retry(attempts=1))
def fail_if(broken: bool) -> str:
    """Fail until the test has noted a repair."""
    if broken and "repaired" not in seen:
        raise ValueError("broken")
    return "whole"


@task
def delete_job(job_id: str) -> None:
    """Do what an operator may do."""
    task_backends["default"].broker.inspection.delete(job_id)  # type: ignore[attr-defined]


@task
def enqueue_workflow() -> str:
    """Run as a job: enqueues a workflow."""
    flow = Workflow("inner")
    flow.add(note, 2, after=flow.add(note, 1))
    flow.enqueue()
    return flow.id


# --- that add jobs to their workflow ----------------------------------------------------------


@task(retry=AT_ONCE)
def split(flow_id: str, text: str) -> list[Any]:
    """Count the letters of each word in a job of its own."""
    flow = Workflow.get(flow_id)
    counted = [flow.add(count_letters, word) for word in text.split()]
    flow.enqueue()
    return counted


@task
def split_in_steps(flow_id: str, texts: list[str]) -> list[Any]:
    """Add jobs by one call after another, of one object."""
    flow = Workflow.get(flow_id)
    counted = []
    for text in texts:
        counted += [flow.add(count_letters, word) for word in text.split()]
        flow.enqueue()
    return counted


@task
def split_in_threads(flow_id: str, texts: list[str]) -> list[Any]:
    """Add jobs by calls of several threads at a time, each with an object of its own."""

    def add(text: str) -> list[Any]:
        flow = Workflow.get(flow_id)
        counted = [flow.add(count_letters, word) for word in text.split()]
        flow.enqueue()
        return counted

    return [node for added in in_threads(add, texts) for node in added]


def in_threads(call: Callable[[str], Any], texts: list[str]) -> list[Any]:
    """Call a function in a thread for each text, as `asyncio.to_thread` does."""
    with ThreadPoolExecutor(len(texts)) as pool:
        calls = [pool.submit(copy_context().run, call, text) for text in texts]
        return [one.result() for one in calls]


@task
def count_letters(word: str) -> int:
    if word == "bad" and "repaired" not in seen:
        raise ValueError(word)
    return len(word)


@task(takes_context=True, retry=AT_ONCE)
def split_at_last(context: TaskContext, flow_id: str) -> None:
    flow = Workflow.get(flow_id)
    flow.add(note, context.attempt)
    flow.enqueue()
    if context.attempt < 3:
        raise ValueError("not yet")


@task
def count_down(flow_id: str, number: int) -> Any:
    """Add a job that goes on, and return its result."""
    if not number:
        return "done"
    flow = Workflow.get(flow_id)
    rest = flow.add(count_down, flow_id, number - 1)
    flow.enqueue()
    return rest


@task
async def split_later(flow_id: str) -> list[Any]:
    flow = await sync_to_async(Workflow.get)(flow_id)
    node = flow.add(repeat, "a", 2)
    await flow.aenqueue()
    return [node]


@task
def misuse_workflow(flow_id: str, how: str) -> Any:
    """Add jobs in a way that is refused."""
    flow = Workflow.get(flow_id)
    node = flow.add(note, 1)
    match how:
        case "need an earlier one":
            flow.enqueue()
            flow.add(note, node)
        case "return what is not enqueued":
            flow.enqueue()
            return flow.add(note, 2)
        case "return what nobody has enqueued":
            return node
        case "another workflow":
            other = Workflow()
            other.add(note, node)
        case "none":
            flow.enqueue()
            flow.enqueue()
    return None
