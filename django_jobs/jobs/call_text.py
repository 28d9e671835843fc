"""Formats the call of a job as Python source."""

from __future__ import annotations

from django_jobs.errors import BrokenPayload
from django_jobs.jobs.records import Job
from django_jobs.serialization.arguments import peek_arguments


def format_call(job: Job) -> str:
    """Return the call of a job for people, such as `shop.tasks.greet('Ada', loud=True)`."""
    try:
        args, kwargs = peek_arguments(job.arguments)
    except BrokenPayload:
        return f"{job.task} with arguments that can't be read: {job.arguments}"
    given = [*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]
    return f"{job.task}({', '.join(given)})"
