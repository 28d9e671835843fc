"""Receipts for enqueued jobs, kept in the visitor's session."""

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
    """Enough to find a job again."""

    label: str
    result_id: str
    backend: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How a job stands, for people."""

    label: str
    state: str
    since: datetime | None
    seconds: float | None

    @property
    def is_open(self) -> bool:
        """Whether looking again soon is worth while."""
        return self.state in ("waiting", "running", "trying again")


def keep_receipt(request: HttpRequest, result: TaskResult[..., Any], label: str) -> None:
    """Remember a job that this visitor has just caused.

    Args:
        request: whose session keeps the receipt.
        result: what `enqueue` returned.
        label: what the job does, in the visitor's words.
    """
    receipt = Receipt(label=label, result_id=result.id, backend=result.backend)
    kept = request.session.get(KEY, [])
    request.session[KEY] = [asdict(receipt), *kept][:KEPT]


def recent_progress(request: HttpRequest) -> list[Progress]:
    """Return how the visitor's latest jobs stand, the newest first."""
    receipts = [Receipt(**kept) for kept in request.session.get(KEY, [])]
    return [progress for receipt in receipts if (progress := _progress(receipt))]


def _progress(receipt: Receipt) -> Progress | None:
    try:
        result = task_backends[receipt.backend].get_result(receipt.result_id)
    except (TaskException, JobsError, NotImplementedError):
        # Not kept any more, out of reach, or a backend that keeps no results.
        return None
    return Progress(
        label=receipt.label,
        state=_state(result),
        since=result.finished_at or result.started_at or result.enqueued_at or timezone.now(),
        seconds=_seconds(result),
    )


def _state(result: TaskResult[..., Any]) -> str:
    if result.status == TaskResultStatus.READY and result.errors:
        return "trying again"
    return _STATES[result.status]


def _seconds(result: TaskResult[..., Any]) -> float | None:
    if result.enqueued_at is None or result.finished_at is None:
        return None
    return (result.finished_at - result.enqueued_at).total_seconds()


_STATES = {
    TaskResultStatus.READY: "waiting",
    TaskResultStatus.RUNNING: "running",
    TaskResultStatus.SUCCESSFUL: "done",
    TaskResultStatus.FAILED: "failed",
}
