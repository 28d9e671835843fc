"""How a job is written in Redis: the one place that knows the names of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, groupby
from operator import itemgetter
from urllib.parse import quote

from django_jobs.brokers.constants import LINED_UP
from django_jobs.brokers.messages import JobMetadata, JobProgress
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import (
    Claim,
    Job,
    JobRecord,
    Settlement,
    State,
)

from . import limit_text, lock_text, postponement_text, progress_text, turn_text
from .failures import failure_text

STATE, TASK, QUEUE, ARGUMENTS, OVERRIDES, SIGNATURE = "s", "t", "q", "a", "o", "i"
ATTEMPTS, CRASHES, STARTED_AT, LAST_ATTEMPTED_AT = "k", "c", "b", "m"
FINISHED_AT, WORKERS, RESULT = "f", "w", "v"
TOKEN, QUEUED_AT, PROGRESS, METADATA, LOCK, TURN, BATCH = "n", "u", "g", "d", "l", "y", "B"
LIMITS, LIMITS_MET = "x", "h"

OPEN_EDGES = "E"
"""For how many ends of other jobs it waits."""

WAITS_FOR = "W"
"""For which event of which batch a callback waits: `event:batch`."""

ADDER = "P"
"""The id of the node that has added it."""

FORMAT = "r"
"""The format of the record. One of format 1 has no such field, so it costs its job nothing."""

POSTPONEMENT = "p"
"""Why it waits for a worker that knows it: `attempts:since:failure`. An attempt outdates it."""

TERMS = "e"
"""What a job was enqueued with: `priority:enqueued_at:result_ttl:run_at:expires_at`."""


def prefix(namespace: str) -> str:
    """Return what all keys of a broker begin with; the braces keep them in one cluster slot."""
    return f"{{{namespace}}}:"


_shared = itemgetter(slice(2, -3))  # all but id, arguments, lock, limits and turn


def stored(jobs: Sequence[Job]) -> list[str | int]:
    """Return jobs as the script function `store` takes them: what neighbours share comes once."""
    values: list[str | int] = []
    for shared, group in groupby(jobs, _shared):
        for alike in _groups(list(group)):
            values.append(len(alike))
            values += [job.id for job in alike]
            values += [job.arguments for job in alike]
            limits, own = _limits_and_own_fields(alike)
            values += _shared_values(own, limits, *shared)
    return values


def _limits_and_own_fields(
    jobs: Sequence[Job],
) -> tuple[tuple[JobLimit, ...], list[tuple[str, ...]]]:
    """Return the limits that similar jobs share, and the name and values of fields that differ."""
    limits, own = jobs[0].limits, []
    if jobs[0].turn:
        own.append((TURN, *(turn_text.to_text(job.turn) for job in jobs)))
    if limits and any(job.limits != limits for job in jobs):
        own.append((LIMITS, *(limit_text.to_text(job.limits) for job in jobs)))
        limits = ()
    if jobs[0].lock:
        own.append((LOCK, *(lock_text.to_text(job.lock) for job in jobs if job.lock)))
    return limits, own


def _groups(jobs: list[Job]) -> Iterable[list[Job]]:
    """Return portions of similar jobs that have the same fields."""
    if not any(job.turn or job.limits or job.lock for job in jobs):
        return [jobs]
    by_fields = groupby(jobs, lambda job: (job.turn is None, not job.limits, job.lock is None))
    return [list(group) for _, group in by_fields]


def _shared_values(
    own: Sequence[Sequence[str]],
    limits: tuple[JobLimit, ...],
    task: str,
    queue: str,
    priority: int,
    enqueued_at: int,
    run_at: int | None,
    expires_at: int | None,
    result_ttl: int,
    overrides: str,
    signature: str,
    metadata: str,
    format_: int,
    batch: str,
) -> list[str | int]:
    terms = _terms(priority, enqueued_at, result_ttl, run_at, expires_at)
    fields: list[str | int] = [TASK, task, TERMS, terms]
    if overrides:
        fields += (OVERRIDES, overrides)
    if signature:
        fields += (SIGNATURE, signature)
    if metadata:
        fields += (METADATA, metadata)
    if format_ != 1:
        fields += (FORMAT, format_)
    if limits:
        fields += (LIMITS, limit_text.to_text(limits))
    if batch:
        fields += (BATCH, batch)
    flat = chain.from_iterable(own)
    return [queue, priority, _or_empty(run_at), len(own), *flat, len(fields), *fields]


def record_fields(job: Job) -> list[str | int]:
    """Return the fields of the record of a job, but for its state."""
    limits, own = _limits_and_own_fields([job])
    queue, _, _, _, _, *fields = _shared_values((), limits, *_shared(job))
    return [QUEUE, queue, ARGUMENTS, job.arguments, *chain.from_iterable(own), *fields]


def _terms(
    priority: int, enqueued_at: int, result_ttl: int, run_at: int | None, expires_at: int | None
) -> str:
    return f"{priority}:{enqueued_at}:{result_ttl}:{_or_empty(run_at)}:{_or_empty(expires_at)}"


def _or_empty(number: int | None) -> int | str:
    return "" if number is None else number


def adopted(record: JobRecord, queue: str) -> list[str | int]:
    """Return a waiting job with its history as `adopt.lua` takes it."""
    job = record.job
    terms = _terms(job.priority, job.enqueued_at, job.result_ttl, job.run_at, job.expires_at)
    # Tokens start again at this broker: 0 stands for the attempt that reported the progress.
    progress = record.progress and JobProgress(
        job_id=job.id, token=0, tag=0, progress=record.progress
    )
    state = State.QUEUED if record.state in LINED_UP else record.state
    fields: dict[str, str | int] = {
        ARGUMENTS: job.arguments,
        TASK: job.task,
        QUEUE: queue,
        TERMS: terms,
        STATE: state.value,
        OVERRIDES: job.overrides,
        SIGNATURE: job.signature,
        METADATA: job.metadata,
        QUEUED_AT: _or_empty(record.queued_at),
        ATTEMPTS: record.attempts or "",
        CRASHES: record.crashes or "",
        STARTED_AT: _or_empty(record.started_at),
        WORKERS: ",".join(record.workers),
        LAST_ATTEMPTED_AT: _or_empty(record.last_attempted_at),
        FORMAT: "" if job.format == 1 else job.format,
        TURN: turn_text.to_text(job.turn),
        POSTPONEMENT: postponement_text.to_text(record),
        LOCK: lock_text.to_text(job.lock) if job.lock else "",
        LIMITS: limit_text.to_text(job.limits),
        **({TOKEN: 0, PROGRESS: progress_text.to_text(progress)} if progress else {}),
    }
    flat = [part for pair in fields.items() if pair[1] != "" for part in pair]
    due = "" if state is State.QUEUED else record.due_elsewhere or 0
    failures = [failure_text(failure) for failure in record.failures]
    known = (job.id, job.priority, state.value, due, fields[LOCK], fields[TURN])
    return [*known, len(flat), *flat, *failures]


def settled(one: Settlement) -> tuple[str | int, ...]:
    """Return a settlement as `exchange.lua` takes it."""
    return (
        one.job_id,
        fence(one),
        one.state.value if one.closes is None else f"limited:{quote(one.closes, safe='')}",
        one.waited,
        one.duration if one.closes is None and one.state is not State.RETRYING else one.delay,
        one.result if one.state is State.SUCCEEDED else failure_text(one.failure),
    )


def fence(one: Claim | Settlement | JobMetadata | JobProgress) -> str:
    """Return what tells a claim from all others of its job, as scripts compare it."""
    return f"{one.token}:{one.tag}"


def saved(one: Settlement | JobMetadata) -> tuple[str | int, ...]:
    """Return the metadata of a job as scripts take them."""
    return one.job_id, fence(one), METADATA, one.metadata or ""
