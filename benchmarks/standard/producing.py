"""Enqueues jobs with any backend of `django.tasks`."""

from __future__ import annotations

import functools
import importlib
from datetime import UTC, datetime
from typing import Any

import django

django.setup()


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    named(task).enqueue(number)


def enqueue_at(task: str, number: int, moment: float) -> None:
    """Enqueue one job for later."""
    named(task).using(run_after=datetime.fromtimestamp(moment, UTC)).enqueue(number)


@functools.cache
def named(task: str) -> Any:
    """Return the task with a name; importing coroutine tasks fails with some backends."""
    module = "coroutines" if task.endswith("_async") else "functions"
    return getattr(importlib.import_module(f"benchmarks.standard.{module}"), task)
