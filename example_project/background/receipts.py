"""Receipts of enqueued jobs, stored in the visitor's session."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from django_jobs.compat import (
    TaskException,
    TaskResult,
    TaskResultStatus,
    task_backends,
)
from django_jobs.errors import JobsError

KEY = "receipts"
KEPT = 5


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is needed to find a job again."""

    label: str
    result_id: str
    backend: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a job, for visitors."""

    label: str
    state: str
    since: datetime | None
    seconds: float | None

    @property
    def is_open(self) -> bool:
        """Whether the state is going to change."""
        return self.state in ("queued", "running", "retrying")


def keep_receipt(request: HttpRequest, result: TaskResult[..., Any], label: str) -> None:
    """Remember a job of this visitor.

    Args:
        request: the request with the visitor's session.
        result: the result that `enqueue` returned.
        label: what the job does, for the visitor.
    """
    receipt = Receipt(label=label, result_id=result.id, backend=result.backend)
    kept = request.session.get(KEY, [])
    request.session[KEY] = [asdict(receipt), *kept][:KEPT]


def recent_progress(request: HttpRequest) -> list[Progress]:
    """Return the states of the visitor's latest jobs, newest first."""
    receipts = [Receipt(**kept) for kept in request.session.get(KEY, [])]
    return [progress for receipt in receipts if (progress := _progress(receipt))]


def _progress(receipt: Receipt) -> Progress | None:
    try:
        result = task_backends[receipt.backend].get_result(receipt.result_id)
    except (TaskException, JobsError, NotImplementedError):
        # The job is deleted, Redis is down, or the backend stores no results.
        return None
    return Progress(
        label=receipt.label,
        state=_state(result),
        since=result.finished_at or result.started_at or result.enqueued_at or timezone.now(),
        seconds=_seconds(result),
    )


def _state(result: TaskResult[..., Any]) -> str:
    if result.status == TaskResultStatus.READY and result.errors:
        return "retrying"
    return _STATES[result.status]


def _seconds(result: TaskResult[..., Any]) -> float | None:
    if result.enqueued_at is None or result.finished_at is None:
        return None
    return (result.finished_at - result.enqueued_at).total_seconds()


_STATES = {
    TaskResultStatus.READY: "queued",
    TaskResultStatus.RUNNING: "running",
    TaskResultStatus.SUCCESSFUL: "done",
    TaskResultStatus.FAILED: "failed",
}
