"""The output of `--json`; its keys are documented and stable."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django_jobs.brokers.doctor import Diagnosis, Finding
from django_jobs.brokers.health import Health
from django_jobs.brokers.inspection.base import FairKey, QueueInfo
from django_jobs.brokers.inspection.limits import LimitInfo, LimitKeyInfo
from django_jobs.brokers.messages import WorkerInfo
from django_jobs.clock import from_ms
from django_jobs.jobs.awaited import Awaited, AwaitedAttempt, AwaitedEvent, AwaitedNodes
from django_jobs.jobs.batches import BatchRecord
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Failure, JobRecord, Lock
from django_jobs.jobs.workflows import NodeRecord

from .liveness import Liveness


def job_summary(record: JobRecord) -> dict[str, Any]:
    """Return a job as `jobs list` shows it."""
    job = record.job
    return {
        "id": job.id,
        "task": job.task,
        "queue": job.queue,
        "priority": job.priority,
        "state": record.state.value,
        "attempts": record.attempts,
        "enqueued_at": iso_time(job.enqueued_at),
        "due_at": iso_time(record.due_at),
        "started_at": iso_time(record.started_at),
        "last_attempted_at": iso_time(record.last_attempted_at),
        "finished_at": iso_time(record.finished_at),
        "error": record.failures[-1].exception if record.failures else None,
        "postponed_since": iso_time(record.postponement and record.postponement.since),
        "waits_for": record.waits_for and _waits_for(record.waits_for),
    }


def job_details(record: JobRecord) -> dict[str, Any]:
    """Return a job as `jobs show` shows it."""
    return {
        **job_summary(record),
        "expires_at": iso_time(record.job.expires_at),
        "fair_key": record.job.turn and record.job.turn.key,
        "fair_weight": record.job.turn and record.job.turn.weight,
        "crashes": record.crashes,
        "workers": list(record.workers),
        "arguments": _arguments(record.job.arguments),
        "metadata": _stored(record.job.metadata) if record.job.metadata else {},
        "result": None if record.result is None else _stored(record.result),
        "failures": [_failure(failure) for failure in record.failures],
        "cancel_requested": record.cancel_requested,
        "unique": record.job.lock and _lock(record.job.lock),
        "lock_holder": record.lock_holder,
        "limits": [_job_limit(limit) for limit in record.job.limits],
        "batch": record.job.batch or None,
        "postponed_for": record.postponement and record.postponement.failure.message,
        "limit_reached": record.limit_reached and record.limit_reached.message,
    }


def _waits_for(awaited: Awaited) -> dict[str, Any]:
    match awaited:
        case AwaitedAttempt():
            return {"attempt_of": awaited.node}
        case JobLimit():
            return _job_limit(awaited)
        case AwaitedNodes():
            return {"workflow": awaited.workflow, "jobs": awaited.number}
        case AwaitedEvent():
            return {"batch": awaited.batch, "event": awaited.event.value}


def _job_limit(limit: JobLimit) -> dict[str, Any]:
    return {"limit": limit.name, "kind": limit.kind.word, "key": limit.value}


def _lock(lock: Lock) -> dict[str, Any]:
    # Not its digest, which tells whether a guess of hidden arguments is right.
    return {
        "until": lock.until.value,
        "keep_for_ms": lock.keep_for,
        "on_conflict": lock.on_conflict.value,
    }


def queue_json(queue: QueueInfo) -> dict[str, Any]:
    """Return a queue as `jobs queues` and `jobs stats` show it."""
    return {
        "name": queue.name,
        "size": queue.size,
        "latency_ms": queue.latency,
        "paused": queue.paused,
        "waiting": queue.waiting,
    }


def fair_keys_json(keys: Sequence[FairKey]) -> list[dict[str, Any]]:
    """Return fair keys of a queue as `jobs queues` shows them."""
    return [{"key": one.key, "priority": one.priority, "rounds": one.rounds} for one in keys]


def limit_json(limit: LimitInfo) -> dict[str, Any]:
    """Return a limit as `jobs limits` and `jobs stats` show it."""
    return {
        "name": limit.name,
        "kind": limit.kind.word,
        "slots": limit.number,
        "declared_slots": limit.n,
        "period_ms": limit.per or None,
        "paused": limit.paused,
        "waiting": limit.waiting,
        "waiting_keys": limit.keys,
    }


def limit_key_json(key: LimitKeyInfo) -> dict[str, Any]:
    """Return a key of a limit as `jobs limits` shows it."""
    return {
        "key": key.value,
        "used": key.used,
        "running_ids": list(key.holders),
        "waiting": key.waiting,
        "waiting_ids": list(key.waiters),
        "opens_at": iso_time(key.opens_at),
        "paused": key.paused,
    }


def batch_json(batch: BatchRecord) -> dict[str, Any]:
    """Return a batch as `jobs batches` shows it."""
    return {
        "id": batch.id,
        "name": batch.name,
        "state": batch.state.value,
        "total": batch.counts.total,
        "open": batch.counts.open,
        "succeeded": batch.counts.succeeded,
        "dead": batch.counts.dead,
        "discarded": batch.counts.discarded,
        "opened_at": iso_time(batch.opened_at),
        "ended_at": iso_time(batch.ended_at),
        "cancelled": batch.is_cancelled,
        "abandoned": batch.is_abandoned,
        "callbacks": {event.value: job_id for event, job_id in batch.callbacks.items()},
        "happened": sorted(event.value for event in batch.happened),
        "metadata": _stored(batch.metadata) if batch.metadata else {},
    }


def node_json(node: NodeRecord) -> dict[str, Any]:
    """Return a job of a workflow as `jobs workflows` shows it."""
    return {
        "id": node.id,
        "task": node.task or None,
        "state": node.state and node.state.value,
        "needs": [{"id": edge.source, "event": edge.kind.value} for edge in node.needs],
    }


def worker_json(worker: WorkerInfo) -> dict[str, Any]:
    """Return a worker as `jobs workers` shows it."""
    return {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "started_at": iso_time(worker.started_at),
        "queues": list(worker.queues),
        "concurrency": worker.concurrency,
        "quiet": worker.quiet,
        "running": [
            {"id": job_id, "started_at": iso_time(started)} for job_id, started in worker.running
        ],
        "stuck": list(worker.stuck),
        "last_heartbeat_at": iso_time(worker.said_at),
        "version": worker.version or None,
        "memory": worker.memory,
    }


def health_json(health: Health) -> dict[str, Any]:
    """Return what `jobs check` found."""
    return {
        "healthy": health.is_good,
        "problems": list(health.problems),
        "warnings": list(health.warnings),
        "workers": health.workers,
        "latency_ms": health.latency,
    }


def liveness_json(found: Liveness) -> dict[str, Any]:
    return {"live": found.is_live, "workers": found.workers, "host": found.host}


def diagnosis_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return what `jobs doctor` found."""
    return {
        "healthy": diagnosis.is_good,
        "repaired": [_finding(finding) for finding in diagnosis.repaired],
        "left": [_finding(finding) for finding in diagnosis.left],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.trouble.value,
        "where": finding.where,
        "detail": finding.detail,
        "problem": finding.problem,
        "repair": finding.repair,
        "is_note": finding.is_remark,
    }


def iso_time(milliseconds: int | None) -> str | None:
    """Return Unix milliseconds as ISO 8601 in UTC."""
    return None if milliseconds is None else from_ms(milliseconds).isoformat()


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "attempt": failure.attempt,
        "at": iso_time(failure.at),
        "worker": failure.worker,
        "latency_ms": failure.latency,
        "duration_ms": failure.duration,
        "exception": failure.exception,
        "message": failure.message,
        "traceback": failure.traceback,
    }


def _arguments(text: str) -> Any:
    match _stored(text):
        case [list(args), dict(kwargs)]:
            return {"args": args, "kwargs": kwargs}
        case unknown:
            return unknown


def _stored(text: str) -> Any:
    """Return a stored JSON text as a value; text that is not JSON stays text."""
    try:
        value = json.loads(text)
        json.dumps(value, allow_nan=False)  # the parser accepts NaN, which is not JSON
    except (ValueError, RecursionError):
        return text
    return value
