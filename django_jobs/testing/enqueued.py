"""Returns the waiting jobs."""

from __future__ import annotations

from typing import Any

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, Task, TaskResult

from .waiting import waiting_backend, waiting_jobs


def enqueued_jobs(
    task: Task[..., Any] | None = None, *, backend: str = DEFAULT_TASK_BACKEND_ALIAS
) -> list[TaskResult[..., Any]]:
    """Return the jobs that were enqueued and have not run, in the order of `enqueue`.

    Jobs of the same millisecond have no order.

    Args:
        task: only jobs of this task.
        backend: alias in `TASKS`.

    Raises:
        AssertionError: the backend runs jobs by itself.
    """
    found = waiting_backend(backend)
    return [
        found.get_result(record.job.id)
        for record in waiting_jobs(found)
        if task is None or record.job.task == task.module_path
    ]
