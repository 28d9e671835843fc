"""Calls that do not fit the parameters of their task are refused where they are enqueued."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from django_jobs import Batch, Workflow, task
from django_jobs.backends import JobBackend
from django_jobs.errors import WrongArguments
from tests.support.backend_fixtures import Configure


@pytest.fixture(params=["inline", "dummy", "redis"], autouse=True)
def backend(configure: Configure, request: pytest.FixtureRequest) -> JobBackend:
    """Any backend: they refuse the same calls."""
    return configure(request.param)


def with_connection(func: Callable[..., Any]) -> Callable[..., Any]:
    """Call a function with one more argument than its task takes."""

    @wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return func("connection", *args, **kwargs)

    return wrapper


def with_another_signature(func: Callable[..., Any]) -> Callable[..., Any]:
    func.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
    return func


@task
def send(order: int, /, copies: int = 1, *, urgent: bool = False) -> None: ...


@task
async def greet(name: str) -> None: ...


@task(takes_context=True)
def report(context: Any, month: str) -> None: ...


@task
def collect(first: int, *rest: int, **options: int) -> None: ...


@task
@with_connection
def wrapped(connection: str, key: str) -> None: ...


@task
@with_another_signature
def misdescribed(key: str) -> None: ...


@pytest.mark.parametrize(
    ("wrong", "args", "kwargs", "message"),
    [
        (send, (), {}, "missing a required .*'order'.*Its parameters: order, copies, urgent"),
        (send, (1, 2, 3), {}, "too many positional arguments"),
        (send, (1,), {"copy": 2}, "unexpected keyword argument 'copy'"),
        (send, (1, 2), {"copies": 2}, "multiple values for argument 'copies'"),
        (send, (), {"order": 1}, "'order'"),
        (greet, ("Ada", "Grace"), {}, "greet does not take .* Its parameters: name"),
        (report, (), {}, "'month'.* Its parameters: month"),
        (report, ("May",), {"context": None}, "'context'"),
        (collect, (), {"other": 1}, "'first'"),
    ],
)
def test_a_call_that_the_function_does_not_accept_is_refused(
    backend: JobBackend, wrong: Any, args: tuple[Any, ...], kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(WrongArguments, match=message) as refused:
        wrong.enqueue(*args, **kwargs)
    assert isinstance(refused.value, TypeError)
    assert not any(backend.broker.inspection.counts().values())


@pytest.mark.parametrize(
    ("right", "args", "kwargs"),
    [
        (send, (1,), {}),
        (send, (1, 2), {"urgent": True}),
        (send, (1,), {"urgent": True, "copies": 2}),
        (report, (), {"month": "May"}),
        (collect, (1, 2, 3), {"other": 4}),
        (wrapped, ("key",), {}),
        (misdescribed, ("key",), {}),
    ],
)
def test_a_call_that_it_accepts_is_enqueued(
    right: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    assert not right.enqueue(*args, **kwargs).errors


def test_of_many_calls_the_first_wrong_one_is_named_and_none_is_enqueued(
    backend: JobBackend,
) -> None:
    with pytest.raises(WrongArguments, match=r"bulk_enqueue: item 1: .*too many"):
        send.bulk_enqueue([[1], [1, 2, 3], [2], []])
    assert not any(backend.broker.inspection.counts().values())


def test_batches_and_workflows_refuse_them_too() -> None:
    wrong: Any = send
    with pytest.raises(WrongArguments), Batch() as batch:
        batch.enqueue(wrong)
    with pytest.raises(WrongArguments):
        Workflow().add(wrong)
