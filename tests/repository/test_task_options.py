"""Options of tasks are complete: in types, `using()`, stored overrides and documentation."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import fields
from typing import Any

import pytest

from django_jobs import Retry
from django_jobs.tasks import Task
from django_jobs.tasks.decorator import TaskOptions
from django_jobs.tasks.definition import OPTIONS
from django_jobs.tasks.policy import RunPolicy, apply_overrides, overrides_text
from tests.support.paths import ROOT

NOT_PER_CALL = {"redact", "max_attempts", "backoff", "on_death", "fair_by"}
"""Options that only `@task` takes, as docs/howto/tasks.md says."""

KIND = "builtins.OSError"
CHANGED = RunPolicy(
    retry=Retry(attempts=2, wait=1.0, on=(KIND,)), timeout=1.0, discard_on=(KIND,), makes_way=True
)
"""A value for each option of a running task, none of which is the default."""

API = (ROOT / "docs/reference/api.md").read_text()
HOWTO = (ROOT / "docs/howto/tasks.md").read_text()


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_known_to_type_checkers(name: str) -> None:
    assert name in TaskOptions.__annotations__, "add it to TaskOptions in tasks/decorator.py"


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - NOT_PER_CALL))
def test_an_option_can_be_given_to_one_call(name: str) -> None:
    parameters = inspect.signature(Task.using).parameters
    assert name in parameters, "add it to Task.using in tasks/definition.py, or to NOT_PER_CALL"


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_is_documented(name: str) -> None:
    assert f"`{name}`" in API.partition("**`Retry(")[0], "add it to docs/reference/api.md"
    assert f"{name}=" in HOWTO, "add it to docs/howto/tasks.md"


@pytest.mark.parametrize("name", [field.name for field in fields(RunPolicy)])
def test_what_one_call_changes_of_a_running_task_travels_with_its_job(name: str) -> None:
    declared = RunPolicy(retry=Retry())
    value: Any = getattr(CHANGED, name)
    assert value != getattr(declared, name), "give CHANGED another value than the default"
    changed = dataclasses.replace(declared, **{name: value})
    assert apply_overrides(declared, overrides_text(changed, declared)) == changed, (
        "write it in overrides_text and read it in _READERS of tasks/policy.py"
    )
