"""Methods of other job systems are answered with what to write here."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from django_jobs import task
from django_jobs.testing import override_backend

CONTEXTS: list[Any] = []


@task
def greet(name: str) -> str:
    return f"Hello {name}"


@task(takes_context=True)
def show_context(context: Any) -> None:
    CONTEXTS.append(context)


def enqueued() -> Any:
    with override_backend("inline"):
        return greet.enqueue("Ada")


def given_context() -> Any:
    with override_backend("inline"):
        show_context.enqueue()
    return CONTEXTS.pop()


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("delay", "task.enqueue(…)"),
        ("perform_later", "task.enqueue(…)"),
        ("apply_async", "task.using(run_after="),
        ("perform_in", "task.using(run_after="),
        ("call_local", "task.call(…)"),
        ("map", "task.bulk_enqueue("),
        ("s", "Chain('name').add(task, …)"),
        ("AsyncResult", "task.get_result(id)"),
    ],
)
def test_a_task_names_its_own_method(name: str, advice: str) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(greet, name)
    assert str(refused.value).startswith(f"'Task' object has no attribute '{name}'. ")
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("get", "result.refresh()"),
        ("ready", "result.is_finished"),
        ("successful", "result.status"),
        ("revoke", "result.cancel()"),
        ("meta", "result.metadata"),
    ],
)
def test_a_result_names_its_own_method(name: str, advice: str) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(enqueued(), name)
    assert str(refused.value).startswith(f"'JobResult' object has no attribute '{name}'. ")
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("request", "context.attempt"),
        ("retry", "RetryLater"),
        ("update_state", "set_progress(done, total)"),
        ("save_meta", "context.save_metadata()"),
    ],
)
def test_a_context_names_its_own_method(name: str, advice: str) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(given_context(), name)
    assert str(refused.value).startswith(f"'JobContext' object has no attribute '{name}'. ")
    assert advice in str(refused.value)


@pytest.mark.parametrize("thing", [greet, enqueued, given_context])
def test_any_other_name_is_a_plain_attribute_error(thing: Any) -> None:
    owner: Any = thing if thing is greet else thing()
    with pytest.raises(AttributeError) as refused:
        owner.enqeue  # noqa: B018 (the lookup is the test)
    assert str(refused.value) == f"{type(owner).__name__!r} object has no attribute 'enqeue'"
    assert (refused.value.name, refused.value.obj) == ("enqeue", owner)
    assert not hasattr(owner, "delay")


def test_tasks_can_still_be_copied() -> None:
    for made in (copy.copy(greet), copy.deepcopy(greet)):
        assert made == greet


@pytest.mark.parametrize(
    ("name", "meant"),
    [("countdown", "run_after"), ("queue", "queue_name"), ("time_limit", "timeout")],
)
def test_options_of_other_systems_are_answered_with_ours(name: str, meant: str) -> None:
    options: dict[str, Any] = {name: 3}
    with pytest.raises(TypeError, match=rf"^using\(\): Unknown option '{name}'\. Did you mean"):
        greet.using(**options)
    with pytest.raises(TypeError, match=rf"^@task: Unknown option '{name}'\. ") as refused:
        task(**options)
    if meant != "run_after":  # which @task does not take
        assert f"Did you mean '{meant}'?" in str(refused.value)


def test_an_error_class_is_imported_from_its_module() -> None:
    with pytest.raises(ImportError, match=r"from django_jobs\.errors import RetryLater"):
        from django_jobs import RetryLater  # noqa: F401
