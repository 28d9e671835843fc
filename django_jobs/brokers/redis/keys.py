"""How a job is written in Redis: the one place that knows the names of its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from django_jobs.job import Claim, Failure, Job, Record, State

STATE, TASK, QUEUE, PRIORITY, ARGUMENTS, ENQUEUED_AT = "s", "t", "q", "p", "a", "e"
RESULT_TTL, RUN_AT, EXPIRES_AT, OVERRIDES = "l", "r", "x", "o"
ATTEMPTS, CRASHES, STARTED_AT, LAST_ATTEMPTED_AT = "k", "c", "b", "m"
FINISHED_AT, WORKERS, RESULT = "f", "w", "v"

WHOLE = re.compile(r"-?[0-9]{1,18}")

CLAIM_WIDTH = 14
"""How many values `reserve.lua` returns for each claim."""


def prefix(namespace: str) -> str:
    """Return what all keys of a broker begin with; the braces keep them in one cluster slot."""
    return f"{{{namespace}}}:"


def job_arguments(job: Job) -> list[str | int]:
    """Return a job as the script function `store` takes it."""
    fields: list[str | int] = [
        *(TASK, job.task, QUEUE, job.queue, PRIORITY, job.priority),
        *(ARGUMENTS, job.arguments, ENQUEUED_AT, job.enqueued_at, RESULT_TTL, job.result_ttl),
    ]
    if job.run_at is not None:
        fields += (RUN_AT, job.run_at)
    if job.expires_at is not None:
        fields += (EXPIRES_AT, job.expires_at)
    if job.overrides:
        fields += (OVERRIDES, job.overrides)
    run_at = "" if job.run_at is None else job.run_at
    return [job.id, job.queue, job.priority, run_at, len(fields), *fields]


def to_claims(flat: Sequence[str]) -> tuple[Claim, ...]:
    """Read the claims in the answer of `reserve.lua`."""
    return tuple(
        _claim(*flat[start : start + CLAIM_WIDTH]) for start in range(0, len(flat), CLAIM_WIDTH)
    )


def _claim(
    job_id: str,
    token: str,
    attempt: str,
    reserved_at: str,
    task: str,
    queue: str,
    priority: str,
    arguments: str,
    enqueued_at: str,
    result_ttl: str,
    run_at: str,
    expires_at: str,
    overrides: str,
    queued_at: str,
) -> Claim:
    job = Job(
        id=job_id,
        task=task,
        queue=queue,
        priority=int(priority),
        arguments=arguments,
        enqueued_at=int(enqueued_at),
        run_at=int(run_at) if run_at else None,
        expires_at=int(expires_at) if expires_at else None,
        result_ttl=int(result_ttl),
        overrides=overrides,
    )
    return Claim(
        job=job,
        token=int(token),
        attempt=int(attempt),
        queued_at=int(queued_at or enqueued_at),
        reserved_at=int(reserved_at),
    )


def to_record(job_id: str, fields: Mapping[str, str], failures: Sequence[str], due: str) -> Record:
    """Read a job from its hash, its list of failures, and its place in time."""

    def number(name: str) -> int | None:
        # One job whose fields somebody spoilt must not hide the others of a listing.
        value = fields.get(name, "")
        return int(value) if WHOLE.fullmatch(value) else None

    job = Job(
        id=job_id,
        task=fields.get(TASK, ""),
        queue=fields.get(QUEUE, ""),
        priority=number(PRIORITY) or 0,
        arguments=fields.get(ARGUMENTS, ""),
        enqueued_at=number(ENQUEUED_AT) or 0,
        run_at=number(RUN_AT),
        expires_at=number(EXPIRES_AT),
        result_ttl=number(RESULT_TTL) or 0,
        overrides=fields.get(OVERRIDES, ""),
    )
    last_attempted_at = number(LAST_ATTEMPTED_AT)
    workers = fields.get(WORKERS, "")
    return Record(
        job=job,
        state=State(fields[STATE]),
        attempts=number(ATTEMPTS) or 0,
        crashes=number(CRASHES) or 0,
        due_at=int(float(due)) if due else None,
        started_at=number(STARTED_AT) or last_attempted_at,
        last_attempted_at=last_attempted_at,
        finished_at=number(FINISHED_AT),
        workers=tuple(workers.split(",")) if workers else (),
        result=fields.get(RESULT),
        failures=tuple(to_failure(text) for text in failures),
    )


def failure_text(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return json.dumps(
        [
            failure.exception,
            failure.message,
            failure.traceback,
            failure.at,
            failure.worker,
            failure.attempt,
        ]
    )


def to_failure(text: str) -> Failure:
    exception, message, traceback, at, worker, attempt = json.loads(text)
    return Failure(
        exception=exception,
        message=message,
        traceback=traceback,
        at=int(at),
        worker=worker,
        attempt=int(attempt),
    )
