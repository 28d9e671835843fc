"""A task of the site itself."""

from __future__ import annotations

from django_jobs import task


@task
def tidy() -> str:
    return "tidy"
