"""Tasks that are functions, declared with `django.tasks`."""

from __future__ import annotations

from django.tasks import task

from benchmarks import jobs


@task
def noop(number: int) -> None:
    """Do nothing."""
    jobs.noop(number)


@task
def sleep(number: int) -> None:
    """Wait for 10 ms."""
    jobs.sleep(number)


@task
def note(number: int) -> None:
    """Record when the job started."""
    jobs.note(number)


@task
def append(number: int) -> None:
    """Write a line that outlives the process."""
    jobs.append(number)
