"""How the claims in the reply of `exchange.lua` are read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from django_jobs.jobs.records import Claim, Job, new

CLAIM_WIDTH = 10
"""How many values `exchange.lua` returns for each claim."""


def to_claims(
    tag: int,
    claimed_at: int,
    flat: Sequence[str],
    metadata: Sequence[str] = (),
    members: Sequence[str] = (),
) -> tuple[Claim, ...]:
    """Read the claims in the reply of `exchange.lua`.

    Args:
        tag: of the call.
        metadata: ids and metadata of the jobs that have some, in one row.
        members: ids and batches of the jobs that are members of one, in one row.
    """
    columns = [flat[column::CLAIM_WIDTH] for column in range(CLAIM_WIDTH)]
    rows = zip(*columns, strict=True)
    if not metadata and not members:
        return tuple(_claim(tag, claimed_at, "", "", *row) for row in rows)
    metadata_of = dict(zip(metadata[::2], metadata[1::2], strict=True))
    batch_of = dict(zip(members[::2], members[1::2], strict=True))
    return tuple(
        _claim(tag, claimed_at, metadata_of.get(row[0], ""), batch_of.get(row[0], ""), *row)
        for row in rows
    )


def _claim(
    tag: int,
    claimed_at: int,
    metadata: str,
    batch: str,
    job_id: str,
    token: str,
    attempt: str,
    task: str,
    queue: str,
    arguments: str,
    terms: str,
    overrides: str,
    signature: str,
    queued_at: str,
) -> Claim:
    priority, enqueued_at, result_ttl, run_at, expires_at = _sound_terms(terms)
    named = (job_id, arguments, task, queue, priority, enqueued_at)
    rare = (overrides, signature, metadata, 1, batch, None, (), None)
    job = new(Job, (*named, run_at, expires_at, result_ttl, *rare))
    since = int(queued_at) if queued_at else enqueued_at
    return new(Claim, (job, int(token), tag, int(attempt), since, claimed_at))


@lru_cache  # as jobs that were enqueued together have the same
def _sound_terms(text: str) -> tuple[int, int, int, int | None, int | None]:
    """Read terms that `exchange.lua` has looked at."""
    priority, enqueued_at, result_ttl, run_at, expires_at = text.split(":")
    return (
        *(int(priority), int(enqueued_at), int(result_ttl)),
        *(int(run_at) if run_at else None, int(expires_at) if expires_at else None),
    )
