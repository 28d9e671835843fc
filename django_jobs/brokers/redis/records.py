"""How a job is read from Redis with its state and its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django_jobs.brokers.constants import NO_DUE_TIME
from django_jobs.jobs.awaited import Awaited, AwaitedAttempt, AwaitedEvent, AwaitedNodes, BatchEvent
from django_jobs.jobs.records import Job, JobRecord, State

from . import codec, limit_text, lock_text, postponement_text, progress_text, turn_text
from .failures import to_failure
from .reading import number

STATES = frozenset(State)
EVENTS = frozenset(BatchEvent)


def to_terms(text: str) -> tuple[int | None, ...]:
    """Read priority, enqueued_at, result_ttl, run_at and expires_at; unreadable ones are None."""
    values = tuple(number(value) for value in text.split(":"))
    return values if len(values) == 5 else (None,) * 5


def state(text: str) -> State | None:
    """Read the state of a job, or None if it is none that we know."""
    return State(text) if text in STATES else None


def to_record(
    job_id: str,
    state: State,
    fields: Mapping[str, str],
    failures: Sequence[str],
    due: str,
    cancelled: bool,
    lock_holder: str,
    awaited_key: str,
) -> JobRecord:
    """Read a job from its hash, its list of failures, and its place in time.

    Args:
        cancelled: whether it was cancelled while it ran; it may have ended since.
        lock_holder: id of the job that holds its lock, or "".
        awaited_key: for which it waits, or "".
    """
    last_attempted_at = _number(fields, codec.LAST_ATTEMPTED_AT)
    job = _to_job(job_id, fields)
    wait = fields.get(codec.POSTPONEMENT, ""), fields.get(codec.ATTEMPTS, "0")
    return JobRecord(
        job=job,
        state=state,
        attempts=_number(fields, codec.ATTEMPTS) or 0,
        crashes=_number(fields, codec.CRASHES) or 0,
        queued_at=_number(fields, codec.QUEUED_AT),
        due_at=None if due == str(NO_DUE_TIME) else number(due.partition(".")[0]),
        started_at=_number(fields, codec.STARTED_AT) or last_attempted_at,
        last_attempted_at=last_attempted_at,
        finished_at=_number(fields, codec.FINISHED_AT),
        workers=tuple(filter(None, fields.get(codec.WORKERS, "").split(","))),
        result=fields.get(codec.RESULT),
        failures=tuple(to_failure(text) for text in failures),
        progress=None
        if state is State.SUCCEEDED
        else progress_text.to_progress(fields.get(codec.PROGRESS, ""), fields.get(codec.TOKEN)),
        postponement=postponement_text.to_postponement(*wait) if state.is_waiting else None,
        limit_reached=postponement_text.to_limit_reached(*wait) if state.is_waiting else None,
        cancel_requested=cancelled and not state.is_final,
        lock_holder=lock_holder or None,
        waits_for=next((one for one in job.limits if one.key == awaited_key), None)
        or _to_awaited(state, fields),
    )


def _to_job(job_id: str, fields: Mapping[str, str]) -> Job:
    priority, enqueued_at, result_ttl, run_at, expires_at = to_terms(fields.get(codec.TERMS, ""))
    return Job(
        id=job_id,
        task=fields.get(codec.TASK, ""),
        queue=fields.get(codec.QUEUE, ""),
        priority=priority or 0,
        arguments=fields.get(codec.ARGUMENTS, ""),
        enqueued_at=enqueued_at or 0,
        run_at=run_at,
        expires_at=expires_at,
        result_ttl=result_ttl or 0,
        overrides=fields.get(codec.OVERRIDES, ""),
        signature=fields.get(codec.SIGNATURE, ""),
        metadata=fields.get(codec.METADATA, ""),
        format=_number(fields, codec.FORMAT) or 1,
        lock=lock_text.to_lock(fields.get(codec.LOCK, "")),
        batch=fields.get(codec.BATCH, ""),
        turn=turn_text.to_turn(fields.get(codec.TURN, "")),
        limits=limit_text.to_limits(fields.get(codec.LIMITS, "")),
    )


def _to_awaited(state: State, fields: Mapping[str, str]) -> Awaited | None:
    """Read what a callback or a node waits for; None if it is neither or the text is unreadable."""
    workflow, open_edges = fields.get(codec.BATCH), _number(fields, codec.OPEN_EDGES)
    if state is State.WAITING and workflow and open_edges:
        return AwaitedNodes(workflow, open_edges)
    if state is State.WAITING and not workflow and (adder := fields.get(codec.ADDER)):
        return AwaitedAttempt(adder)
    event, _, batch = fields.get(codec.WAITS_FOR, "").partition(":")
    return AwaitedEvent(BatchEvent(event), batch) if event in EVENTS and batch else None


def _number(fields: Mapping[str, str], name: str) -> int | None:
    return number(fields.get(name, ""))
