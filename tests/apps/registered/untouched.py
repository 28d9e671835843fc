"""A task in a module that nothing imports."""

from __future__ import annotations

from django_jobs import task


@task
def greet() -> str:
    return "hello"


@task
def other() -> None:
    """A second task of this module."""
