"""Retries, cancels and deletes jobs: one, those selected, or all that match."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_jobs.brokers.constants import BEATS
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.finder import Finder
from django_jobs.brokers.retry_refusals import retry_refusal
from django_jobs.dashboard import denied, formatting, parameters
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.bulk import BulkRun, StepBudget
from django_jobs.dashboard.decorators import Done, InProgress, Refused, action, page
from django_jobs.dashboard.filters import JobFilters
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.jobs.records import State

OVER = gettext_lazy("This action was started by another user, or it has expired. Start it again.")

FIRST_STEP = StepBudget()
NEXT_STEP = StepBudget(max_seconds=0.4)
"""The first page appears quickly; later steps may take longer, as they follow automatically."""

MOST = 500
"""Jobs that one form can select."""


@action(Permission.MANAGE)
def apply(request: DashboardRequest) -> Done | Refused:
    """Retry, cancel or delete the job of a page, or the selected jobs of a list."""
    asked, job_id = _asked(request), request.http.POST.get("job")
    ids = [job_id] if job_id else request.http.POST.getlist("id")[:MOST]
    changed = sum(request.inspection.apply_one(asked, one) for one in ids)
    back = request.address("jobs", **JobFilters.from_query(request.http.GET).query)
    if job_id and not (changed and asked is JobAction.DELETE):
        back = request.address("job", id=job_id)
    locked = 0
    if asked is JobAction.RETRY and changed < len(ids):
        batches, records = request.backend.broker.batches, request.inspection.read(ids)
        locked = sum(retry_refusal(record, batches) is not None for record in records)
    if not changed:
        return Refused(formatting.kept_jobs(locked) if locked else _refusal(asked, len(ids)), back)
    change = Change(action=asked, target=", ".join(ids), count=changed)
    told = _report(asked, changed, len(ids) - changed - locked, locked)
    return Done(told + (_delay(request, ids) if asked is JobAction.CANCEL else ""), back, change)


@page("django_jobs_dashboard/bulk.html", entry="jobs")
def bulk(request: DashboardRequest) -> Mapping[str, Any] | HttpResponse:
    """Count all matching jobs and ask for confirmation, or show the progress."""
    if not request.visitor.may_manage:
        return denied.forbidden(request.http)
    token = request.http.GET.get("run", "")
    if token:
        state = _known(request, token)
        budget = NEXT_STEP
    else:
        filters = JobFilters.from_query(request.http.GET)
        state = BulkRun(action=_choice(request.http.GET), query=filters.query)
        budget = FIRST_STEP
    if not state.is_counted:
        state = state.count_more(_finder(request, state), budget)
    run = state.to_token(request.visitor.name)
    return {
        "bulk": state,
        "run": run,
        "next_step": request.address("bulk", run=run),
        "is_running": state.is_counted and (state.scanned or state.changed),
        "chosen": JobFilters(**state.query).labelled,
        "back": request.address("jobs", **state.query),
    }


@action(Permission.MANAGE)
def bulk_step(request: DashboardRequest) -> Done | InProgress | Refused:
    """Retry, cancel or delete the next of all matching jobs."""
    before = BulkRun.from_token(request.http.POST.get("run", ""), request.visitor.name)
    if before is None:
        return Refused(str(OVER), request.address("jobs"))
    state = before.apply_more(_finder(request, before), NEXT_STEP)
    back = request.address("jobs", **state.query)
    change = Change(
        action=f"{state.action} all",
        target=", ".join(f"{name}={value}" for name, value in state.query.items()),
        count=state.changed - before.changed,
    )
    if state.is_done and state.changed:
        return Done(_report(state.action, state.changed, 0, state.locked), back, change)
    if state.is_done:
        said = formatting.kept_jobs(state.locked) if state.locked else _refusal(state.action, 2)
        return Refused(said, back)
    run = state.to_token(request.visitor.name)
    return InProgress(request.address("bulk", run=run), change)


def _known(request: DashboardRequest, token: str) -> BulkRun:
    state = BulkRun.from_token(token, request.visitor.name)
    if state is None:
        raise Http404(str(OVER))
    return state


def _finder(request: DashboardRequest, state: BulkRun) -> Finder:
    filters = JobFilters(**state.query).filter(state.action, state.as_of)
    return Finder(request.inspection, filters, request.redactor.arguments)


def _asked(request: DashboardRequest) -> JobAction:
    return _choice(request.http.POST)


def _choice(query: Any) -> JobAction:
    given = parameters.choice(query, "do", [*JobAction], "")
    if not given:
        raise Http404(_("Unknown action."))
    return JobAction(given)


def _report(wanted: JobAction, changed: int, left: int, locked: int) -> str:
    told = {
        JobAction.RETRY: ngettext("%(jobs)s was enqueued.", "%(jobs)s were enqueued.", changed),
        JobAction.CANCEL: ngettext("%(jobs)s was cancelled.", "%(jobs)s were cancelled.", changed),
        JobAction.DELETE: ngettext("%(jobs)s was deleted.", "%(jobs)s were deleted.", changed),
    }[wanted] % {"jobs": formatting.job_count(changed)}
    if locked:
        told = f"{told} {formatting.kept_jobs(locked)}"
    if not left:
        return told
    rest = ngettext(
        "%(jobs)s was skipped because of its state.",
        "%(jobs)s were skipped because of their state.",
        left,
    )
    return f"{told} {rest % {'jobs': formatting.job_count(left)}}"


def _delay(request: DashboardRequest, ids: Sequence[str]) -> str:
    """Return when jobs end that still run although they are cancelled, if there are any."""
    if all(record.state is not State.RUNNING for record in request.inspection.read(ids)):
        return ""
    seconds = math.ceil(request.backend.broker.lease / BEATS)
    text = ngettext(
        "Running jobs end within %(seconds)d second.",
        "Running jobs end within %(seconds)d seconds.",
        seconds,
    )
    return f" {text % {'seconds': seconds}}"


def _refusal(wanted: JobAction, asked: int) -> str:
    if not asked:
        return _("No jobs were selected.")
    why = {
        JobAction.RETRY: ngettext(
            "This job cannot be retried: it is queued or running, has succeeded, or "
            "no longer exists.",
            "None of these jobs can be retried: they are queued or running, have "
            "succeeded, or no longer exist.",
            asked,
        ),
        JobAction.CANCEL: ngettext(
            "This job cannot be cancelled: it has ended, or no longer exists.",
            "None of these jobs can be cancelled: they have ended, or no longer exist.",
            asked,
        ),
        JobAction.DELETE: ngettext(
            "This job cannot be deleted: it is running or no longer exists.",
            "None of these jobs can be deleted: they are running or no longer exist.",
            asked,
        ),
    }
    return why[wanted]
