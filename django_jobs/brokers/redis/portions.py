"""Jobs in portions that Redis takes in one call without blocking others for long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django_jobs.jobs.records import Job

JOBS = 300
"""Jobs of one call: enough to make the round trip cheap, and few enough to hold nobody up."""

WEIGHT_OF_LOCK, WEIGHT_OF_TURN = 3, 1
"""As how many more of them a job counts that is unique, or has a turn."""

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
        size, weight = job.size, _weight(job)
        if portion and (size > room or weight > places):
            yield portion
            portion, room, places = [], BYTES, most
        portion.append(job)
        room -= size
        places -= weight
    if portion:
        yield portion


def _weight(job: Job) -> int:
    """Return as how many plain jobs one counts."""
    return 1 + (WEIGHT_OF_LOCK if job.lock else 0) + (WEIGHT_OF_TURN if job.turn else 0)
