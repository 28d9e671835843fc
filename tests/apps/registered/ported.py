"""A task of an app that uses the backport of Django's Tasks, whatever Django it runs on."""

from __future__ import annotations

from django_tasks import task


@task
def greet() -> str:
    return "hello from the backport"
