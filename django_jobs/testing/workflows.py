"""Assertions about workflows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.jobs.batches import BatchState
from django_jobs.relations.workflows import Workflow

from .conditions import ANYTHING
from .job_groups import UNFINISHED, find_group, to_group_conditions


def assert_workflow_enqueued(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Workflow:
    """Assert that a workflow was enqueued and has not ended; what is left out matches anything.

    Args:
        metadata: all of it.
        total: how many jobs it has.
        backend: alias in `TASKS`.

    Returns:
        The last such workflow.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_group_conditions(name, metadata, total)
    return find_group(Workflow, backend, UNFINISHED, wanted, "was enqueued")


def assert_workflow_succeeded(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Workflow:
    """Assert that a workflow has ended, and that all jobs succeeded or discarded themselves.

    Args:
        name: this and the others are those of `assert_workflow_enqueued`.

    Returns:
        The last such workflow.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_group_conditions(name, metadata, total)
    return find_group(Workflow, backend, {BatchState.SUCCEEDED}, wanted, "has succeeded")


def assert_workflow_failed(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Workflow:
    """Assert that a workflow has ended without success: jobs are dead, or it was cancelled.

    Args:
        name: this and the others are those of `assert_workflow_enqueued`.

    Returns:
        The last such workflow.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = to_group_conditions(name, metadata, total)
    return find_group(Workflow, backend, {BatchState.FAILED}, wanted, "has failed")
