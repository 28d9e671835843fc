"""A periodic task on the 30th of February."""

from __future__ import annotations

from django_jobs.periodic_tasks.registry import periodic
from django_jobs.tasks.decorator import task


@periodic("0 0 30 2 *")
@task
def celebrate() -> None:
    """Never happens."""
