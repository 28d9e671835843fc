"""Jobs in portions that Redis takes in one call without blocking others for long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django_jobs.jobs.records import Job

JOBS = 1000
"""Jobs of one call: enough to make the round trip cheap."""

BYTES = 8 * 1024 * 1024
"""Bytes of arguments in one call, but for a single job that has more."""


def to_batches(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Return the jobs in their order, in as few portions as both bounds allow."""
    portion: list[Job] = []
    room = BYTES
    for job in jobs:
        size = job.size
        if portion and (size > room or len(portion) == JOBS):
            yield portion
            portion, room = [], BYTES
        portion.append(job)
        room -= size
    if portion:
        yield portion
