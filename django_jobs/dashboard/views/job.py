"""The page of a job: its state, arguments, result, attempts and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.retry_refusals import RetryRefusal, retry_refusal
from django_jobs.clock import now_ms
from django_jobs.dashboard import job_call, timeline, waiting
from django_jobs.dashboard.decorators import page
from django_jobs.dashboard.node_neighbours import neighbours
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.errors import TaskNotFound
from django_jobs.jobs.records import JobRecord
from django_jobs.tasks.registry import find_task


@page("django_jobs_dashboard/job.html", entry="jobs")
def job_detail(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a job."""
    found = request.inspection.find(request.http.GET.get("id", ""))
    if found is None:
        raise Http404(_("This job does not exist."))
    record = request.redactor.record(found)
    refusal = retry_refusal(found, request.backend.broker.batches)
    path, _dot, name = record.job.task.rpartition(".")
    return {
        "record": record,
        "job": record.job,
        "name": name or record.job.id,
        "path": path,
        "missing": _why_missing(record.job.task),
        "arguments": job_call.arguments(record.job),
        "arguments_json": record.job.arguments,
        "metadata": job_call.metadata(record.job),
        "result": job_call.result(record.result),
        "attempts": timeline.attempts(record),
        "events": timeline.events(record, now_ms()),
        "waits_for": waiting.waits_for(record),
        "node": neighbours(request, found),
        "retry_refusal": refusal,
        "actions": [one for one in JobAction if _is_offered(one, found, refusal)],
    }


def _is_offered(action: JobAction, record: JobRecord, refusal: RetryRefusal | None) -> bool:
    """Return whether a job's state permits an action that would not be refused all the same."""
    is_refused = action is JobAction.RETRY and refusal not in {None, RetryRefusal.LOCKED}
    return record.state in action.states and not is_refused


def _why_missing(task: str) -> str:
    """Return why this process cannot find a task, or "" if it can."""
    try:
        find_task(task)
    except TaskNotFound as error:
        return str(error)
    return ""
