"""What the tests ask of a site: its backend, and the ends of its jobs."""

from __future__ import annotations

from typing import Any

from django_jobs.backends import JobBackend
from django_jobs.compat import task_backends
from tests.support.waiting import wait_until


def current_backend(alias: str = "default") -> JobBackend:
    """Return the backend as this thread and context get it from Django."""
    backend = task_backends[alias]
    assert isinstance(backend, JobBackend)
    return backend


def ended(result: Any) -> Any:
    """Return the result once its job has come to its end."""

    def is_finished() -> bool:
        result.refresh()
        return bool(result.is_finished)

    wait_until(is_finished, f"the end of {result.task.module_path}")
    return result


def succeeded(result: Any) -> Any:
    """Return what the job returned."""
    ended(result)
    assert result.status == "SUCCESSFUL", result.errors
    return result.return_value
