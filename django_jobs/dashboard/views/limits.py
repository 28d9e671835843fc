"""The pages of the limits and their keys, and the actions on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from django_jobs.brokers.inspection.limit_keys import list_keys, search_keys
from django_jobs.brokers.inspection.limits import LimitInfo, LimitKeyInfo, busiest
from django_jobs.dashboard import formatting, parameters
from django_jobs.dashboard.access import Permission
from django_jobs.dashboard.audit import Change
from django_jobs.dashboard.decorators import Done, Refused, action, page
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.rows import Row, to_row

SIZE = 50
"""Limits, or keys of one, per page."""

FARTHEST = 10_000_000
"""How many keys a page can leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A row of the table of keys.

    Attributes:
        text: its value without secrets.
        can_be_named: whether forms and addresses may have the value: it has no secret.
    """

    key: LimitKeyInfo
    text: str
    can_be_named: bool


@page("django_jobs_dashboard/limits.html", entry="limits")
def limit_list(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a page of the limits, those for which most jobs wait first."""
    text, offset = parameters.text(request.http.GET, "text"), _offset(request.http.GET)
    found = [limit for limit in request.inspection.limits.all() if text in limit.name]
    shown = busiest(found, offset + SIZE)
    is_more = len(found) > offset + SIZE
    return {
        "limits": shown[offset:],
        "waiting": sum(limit.waiting for limit in found),
        "text": text,
        "offset": offset,
        "first": request.address("limits", text=text),
        "next": request.address("limits", text=text, offset=offset + SIZE) if is_more else "",
    }


@page("django_jobs_dashboard/limit.html", entry="limits")
def limit_detail(request: DashboardRequest) -> Mapping[str, Any]:
    """Show a limit with a page of its keys."""
    limit = _limit(request)
    text, offset = parameters.text(request.http.GET, "text"), _offset(request.http.GET)
    if text:
        keys = search_keys(request.inspection, limit.id, text, count=SIZE)
    else:
        keys = list_keys(request.inspection, limit.id, offset=offset, count=SIZE)
    address = request.address("limit", limit=limit.id, text=text)
    return {
        "limit": limit,
        "rows": _rows(request, (*keys.waiting, *keys.others)),
        "text": text,
        "offset": offset,
        "size": SIZE,
        "is_cut": bool(text) and len(keys.waiting) == SIZE,
        "first": address,
        "next": keys.next_offset
        and request.address("limit", limit=limit.id, offset=keys.next_offset),
    }


@page("django_jobs_dashboard/limit_key.html", entry="limits")
def limit_key(request: DashboardRequest) -> Mapping[str, Any]:
    """Show which jobs hold the slots of a key, and which wait for one."""
    limit = _limit(request)
    [key] = request.inspection.limits.read(limit.id, [request.http.GET.get("key", "")])
    [row] = _rows(request, [key])
    return {
        "limit": limit,
        "row": row,
        "running": _jobs(request, key.holders),
        "waiting": _jobs(request, key.waiters),
        "more_running": max(0, key.used - len(key.holders)) if key.holders else 0,
        "more_waiting": key.waiting - len(key.waiters),
    }


@action(Permission.MANAGE)
def pause(request: DashboardRequest) -> Done | Refused:
    """Pause a limit, or one of its keys."""
    limits = request.inspection.limits
    text = _("%(name)s is paused. Jobs that need it wait until you resume it.")
    return _change(request, "pause limit", text, limits.pause, limits.pause_key)


@action(Permission.MANAGE)
def resume(request: DashboardRequest) -> Done | Refused:
    """Resume a limit, or one of its keys."""
    limits = request.inspection.limits
    text = _("%(name)s is active again.")
    return _change(request, "resume limit", text, limits.resume, limits.resume_key)


@action(Permission.MANAGE)
def set_number(request: DashboardRequest) -> Done | Refused:
    """Give each key of a limit another number of slots."""
    limit = _named(request, request.http.POST)
    if limit is None:
        return _unknown(request)
    number = parameters.whole(request.http.POST, "number", default=0, least=0, most=limit.most + 1)
    if not 1 <= number <= limit.most:
        text = _("Nothing was changed: give a whole number from 1 to %(most)s.")
        return Refused(text % {"most": formatting.number(limit.most)}, _back(request))
    request.inspection.limits.set_number(limit.id, number)
    text = _("Each key of %(name)s has %(number)s slots from now on.")
    said = text % {"name": limit.name, "number": formatting.number(number)}
    return Done(said, _back(request), Change(action=f"set limit to {number}", target=limit.name))


@action(Permission.MANAGE)
def reset_number(request: DashboardRequest) -> Done | Refused:
    """Go back to the number of slots that the code declares."""
    limit = _named(request, request.http.POST)
    if limit is None:
        return _unknown(request)
    request.inspection.limits.set_number(limit.id, None)
    text = _("%(name)s has the number of slots that the code declares.") % {"name": limit.name}
    return Done(text, _back(request), Change(action="reset limit", target=limit.name))


def _change(
    request: DashboardRequest,
    did: str,
    text: str,
    change: Callable[[str], object],
    change_key: Callable[[str, str], object],
) -> Done | Refused:
    """Change the limit that a form names, or its key if the form names one."""
    limit, key = _named(request, request.http.POST), request.http.POST.get("key")
    if limit is None:
        return _unknown(request)
    target = f"{limit.name}, {key}" if key else limit.name
    if key is None:
        change(limit.id)
    else:
        change_key(limit.id, key)
    said = text % {"name": target}
    return Done(said, _back(request), Change(action=did, target=target))


def _offset(query: QueryDict) -> int:
    return parameters.whole(query, "offset", default=0, least=0, most=FARTHEST)


def _named(request: DashboardRequest, query: QueryDict) -> LimitInfo | None:
    """Return the limit whose id a request has."""
    asked = query.get("limit", "")
    return next((limit for limit in request.inspection.limits.all() if limit.id == asked), None)


def _limit(request: DashboardRequest) -> LimitInfo:
    """Return the limit of a page, or raise a 404."""
    limit = _named(request, request.http.GET)
    if limit is None:
        raise Http404(_("This limit does not exist."))
    return limit


def _rows(request: DashboardRequest, keys: Sequence[LimitKeyInfo]) -> list[KeyRow]:
    redactor = request.redactor
    texts = [(key, redactor.text(key.value)) for key in keys]
    return [KeyRow(key=key, text=text, can_be_named=text == key.value) for key, text in texts]


def _jobs(request: DashboardRequest, ids: Sequence[str]) -> list[Row]:
    redactor = request.redactor
    return [to_row(redactor.record(record)) for record in request.inspection.read(ids)]


def _back(request: DashboardRequest) -> str:
    """Return the page from which a form came."""
    post = request.http.POST
    if "from_list" in post:
        return request.address("limits")
    return request.address("limit", limit=post.get("limit", ""))


def _unknown(request: DashboardRequest) -> Refused:
    return Refused(_("This limit does not exist."), request.address("limits"))
