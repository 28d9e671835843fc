"""A periodic task on the 30th of February."""

from __future__ import annotations

from django_jobs.decorator import task
from django_jobs.periodic import periodic


@periodic("0 0 30 2 *")
@task
def celebrate() -> None:
    """Never happens."""
