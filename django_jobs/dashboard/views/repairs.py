"""Retry, cancel and delete: one job, those that are ticked, or all that match."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_jobs.brokers.finder import Finder
from django_jobs.brokers.inspection import Repair
from django_jobs.dashboard import doors, parameters, words
from django_jobs.dashboard.access import Right
from django_jobs.dashboard.audit import Change, log_change
from django_jobs.dashboard.bulk import Bulk, Pace
from django_jobs.dashboard.page import Done, Refused, action, page
from django_jobs.dashboard.visit import Visit
from django_jobs.dashboard.wanted import Wanted

OVER = gettext_lazy("This was begun by somebody else, or too long ago.")

FIRST = Pace()
STEP = Pace(seconds=0.4)
"""A page comes at once; what goes on by itself may take as long as it takes to look at it."""

MOST = 500
"""Jobs that one form may name."""


@action(Right.MANAGE)
def repair(visit: Visit) -> Done | Refused:
    """Repair the jobs that a form names."""
    asked, ids = _asked(visit), visit.request.POST.getlist("id")[:MOST]
    changed = sum(visit.inspection.repair_one(asked, job_id) for job_id in ids)
    back = visit.address("jobs", **Wanted.from_query(visit.request.GET).query)
    if len(ids) == 1 and "job" in visit.request.POST and not (changed and asked is Repair.DELETE):
        back = visit.address("job", id=ids[0])
    if not changed:
        return Refused(_refusal(asked, len(ids)), back)
    change = Change(action=asked, target=", ".join(ids), count=changed)
    return Done(_report(asked, changed, len(ids) - changed), back, change)


@page("django_jobs_dashboard/bulk.html", entry="jobs")
def bulk(visit: Visit) -> Mapping[str, Any] | HttpResponse:
    """Count all jobs that match and ask whether they are meant, or show how far they are."""
    if not visit.visitor.may_manage:
        return doors.forbidden(visit.request)
    token = visit.request.GET.get("run", "")
    if token:
        state = _known(visit, token)
        pace = STEP
    else:
        wanted = Wanted.from_query(visit.request.GET)
        state = Bulk(repair=_choice(visit.request.GET), query=wanted.query)
        pace = FIRST
    if not state.is_counted:
        state = state.count_on(_finder(visit, state), pace)
    run = state.to_token(visit.visitor.name)
    return {
        "bulk": state,
        "run": run,
        "go_on": visit.address("bulk", run=run),
        "is_running": state.is_counted and (state.looked_at or state.repaired),
        "filters": state.query,
        "back": visit.address("jobs", **state.query),
    }


@action(Right.MANAGE)
def bulk_step(visit: Visit) -> Done | Refused | HttpResponse:
    """Repair some more of all jobs that match."""
    before = Bulk.from_token(visit.request.POST.get("run", ""), visit.visitor.name)
    if before is None:
        return Refused(str(OVER), visit.address("jobs"))
    state = before.repair_on(_finder(visit, before), STEP)
    back = visit.address("jobs", **state.query)
    change = Change(
        action=f"{state.repair} all",
        target=", ".join(f"{name}={value}" for name, value in state.query.items()),
        count=state.repaired - before.repaired,
    )
    if state.is_over and state.repaired:
        return Done(_report(state.repair, state.repaired, 0), back, change)
    if state.is_over:
        return Refused(_refusal(state.repair, 2), back)
    log_change(visit.visitor.name, visit.backend.alias, change)
    run = state.to_token(visit.visitor.name)
    return HttpResponseRedirect(visit.address("bulk", run=run))


def _known(visit: Visit, token: str) -> Bulk:
    state = Bulk.from_token(token, visit.visitor.name)
    if state is None:
        raise Http404(str(OVER))
    return state


def _finder(visit: Visit, state: Bulk) -> Finder:
    wanted = Wanted(**state.query).filter(state.repair, state.as_of)
    return Finder(visit.inspection, wanted, visit.redactor.arguments)


def _asked(visit: Visit) -> Repair:
    return _choice(visit.request.POST)


def _choice(query: Any) -> Repair:
    given = parameters.choice(query, "do", [*Repair], "")
    if not given:
        raise Http404(_("Nobody knows how to do this to a job."))
    return Repair(given)


def _report(repair: Repair, changed: int, left: int) -> str:
    told = {
        Repair.RETRY: ngettext("%(jobs)s is queued now.", "%(jobs)s are queued now.", changed),
        Repair.CANCEL: ngettext("%(jobs)s is cancelled.", "%(jobs)s are cancelled.", changed),
        Repair.DELETE: ngettext("%(jobs)s is deleted.", "%(jobs)s are deleted.", changed),
    }[repair] % {"jobs": words.jobs(changed)}
    if not left:
        return told
    rest = ngettext(
        "%(jobs)s was not in a state that permits it.",
        "%(jobs)s were not in a state that permits it.",
        left,
    )
    return f"{told} {rest % {'jobs': words.jobs(left)}}"


def _refusal(repair: Repair, asked: int) -> str:
    if not asked:
        return _("No job was ticked.")
    why = {
        Repair.RETRY: ngettext(
            "This job can't be queued now: it is running, succeeded, or gone.",
            "None of these jobs can be queued now: they are running, succeeded, or gone.",
            asked,
        ),
        Repair.CANCEL: ngettext(
            "This job can't be cancelled: it does not wait any more.",
            "None of these jobs can be cancelled: they do not wait any more.",
            asked,
        ),
        Repair.DELETE: ngettext(
            "This job can't be deleted: it is running, or gone.",
            "None of these jobs can be deleted: they are running, or gone.",
            asked,
        ),
    }
    return why[repair]
