"""Jobs in portions that Redis takes in one call without blocking others for long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django_jobs.jobs.records import Job

JOBS = 1000
"""Jobs of one call: enough to make the round trip cheap."""

WEIGHT_OF_UNIQUE = 4
"""As how many of them a unique job counts: its lock takes Redis longer than all else."""

BYTES = 8 * 1024 * 1024
"""Bytes of arguments in one call, but for a single job that has more."""


def to_portions(jobs: Sequence[Job], most: int = JOBS) -> Iterator[list[Job]]:
    """Return the jobs in their order, in as few portions as both bounds allow.

    Args:
        most: how many jobs one portion may have.
    """
    portion: list[Job] = []
    room, places = BYTES, most
    for job in jobs:
        size, weight = job.size, WEIGHT_OF_UNIQUE if job.lock else 1
        if portion and (size > room or weight > places):
            yield portion
            portion, room, places = [], BYTES, most
        portion.append(job)
        room -= size
        places -= weight
    if portion:
        yield portion
