"""Tasks of the project itself."""

from __future__ import annotations

from django_jobs import periodic, task


@task
def tidy() -> str:
    return "tidy"


@periodic("@yearly")
@task
def celebrate() -> None:
    """A worker that knows of it has imported this module at its start."""
