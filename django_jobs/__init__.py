"""Background jobs for Django's Tasks framework."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django_jobs.jobs.progress import set_progress
from django_jobs.periodic_tasks.registry import periodic
from django_jobs.relations.batches import Batch
from django_jobs.relations.chains import Chain
from django_jobs.relations.limits import Limit, Rate
from django_jobs.relations.unique import Unique
from django_jobs.relations.workflows import Workflow
from django_jobs.tasks.decorator import task
from django_jobs.tasks.retry import Retry

if TYPE_CHECKING:
    from django_jobs.mail import send_mail_later

__all__ = [
    "Batch",
    "Chain",
    "Limit",
    "Rate",
    "Retry",
    "Unique",
    "Workflow",
    "periodic",
    "send_mail_later",
    "set_progress",
    "task",
]


def __getattr__(name: str) -> Any:
    # Imported late: it declares a task, which needs the settings, and settings import this package.
    if name == "send_mail_later":
        from django_jobs.mail import send_mail_later

        return send_mail_later
    errors = import_module("django_jobs.errors")
    if getattr(getattr(errors, name, None), "__module__", None) != errors.__name__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    hint = AttributeError(f"{name} is in django_jobs.errors: from django_jobs.errors import {name}")
    # An import asks hasattr() first, and would replace an AttributeError by one without the hint.
    if sys._getframe(1).f_code.co_name == "_handle_fromlist":
        raise ImportError(str(hint))
    raise hint
