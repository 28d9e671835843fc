"""The decorators that make pages and actions of the dashboard.

**A page** is a function that takes a `DashboardRequest` and returns the context of its template.
The decorator checks permissions, chooses the backend, sets headers, and answers 304 if nothing
has changed:

    @page("django_jobs_dashboard/queues.html", entry="queues")
    def queue_list(request: DashboardRequest) -> Mapping[str, Any]:
        return {"queues": request.inspection.queues()}

A page raises `Http404` for what does not exist. It reads parameters with `parameters.py`, which
replaces invalid values by valid ones. Templates extend `django_jobs_dashboard/base.html`, load
`jobs_dashboard`, and link with `{% to "queues" page=2 %}`, which keeps the chosen backend. A live
update replaces the block `content`; give an `id` to every row and card that may appear, disappear
or move, so that it keeps its focus.

**An action** is a function that changes something. It accepts only POST, with a CSRF token:

    @action(Permission.MANAGE)
    def pause(request: DashboardRequest) -> Done:
        name = request.http.POST["queue"]
        request.inspection.pause(name)
        change = Change(action="pause queue", target=name)
        return Done(_("The queue is paused."), to=request.address("queues"), change=change)

The decorator checks the permission, logs the change with the visitor's name, and redirects to a
page that shows the text. An action that changed nothing returns `Refused(text, to=…)`; one that
has more to do returns `InProgress(to=…, change=…)`. In a template an action is a form:

    {% if dashboard.visitor.may_manage %}
    <form method="post" action="{% to "pause_queue" %}">{% csrf_token %}
      <input type="hidden" name="queue" value="{{ queue.name }}">
      <button class="button">{% icon "pause" %} {% translate "Pause" %}</button></form>
    {% endif %}

To ask for confirmation without a script, wrap the form in
`<details class="confirm"><summary class="button danger">…</summary>…</details>`.

**A menu entry** is a line in `navigation.py`, its URL a line in `urls.py`, its icon a line in
`icons.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import Any

from django.apps import apps
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect

from django_jobs.errors import BrokerError

from . import denied, flash
from .access import Permission, Visitor, identify
from .audit import Change, log_change
from .formatting import encodable
from .headers import protect
from .navigation import ENTRIES
from .request import DashboardRequest, chosen_backend, visible_aliases

TOKENS = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
THEMES = ("light", "dark")
LIVE_CHOICES = (2, 5, 15, 60)
"""Seconds between live updates; the script remembers the visitor's choice."""


@dataclass(frozen=True, slots=True)
class Done:
    """An action succeeded.

    Attributes:
        text: a translated sentence for the visitor.
        to: the URL of the page that shows the text.
        change: what to log.
    """

    text: str
    to: str
    change: Change


@dataclass(frozen=True, slots=True)
class InProgress:
    """One step of an action succeeded, and there are more to come.

    Attributes:
        to: the URL of the page that takes the next step.
        change: what to log.
    """

    to: str
    change: Change


@dataclass(frozen=True, slots=True)
class Refused:
    """An action changed nothing.

    Attributes:
        text: a translated sentence that tells the visitor why.
        to: the URL of the page that shows the text.
    """

    text: str
    to: str


class SeeOther(HttpResponseRedirect):
    """A redirect after a POST, which browsers follow with GET."""

    status_code = 303


Outcome = Done | InProgress | Refused
PageView = Callable[[DashboardRequest], Mapping[str, Any] | HttpResponse]
ActionView = Callable[[DashboardRequest], Outcome]
View = Callable[[HttpRequest], HttpResponseBase]
Handler = Callable[[DashboardRequest], HttpResponse]


def page(template: str, *, entry: str) -> Callable[[PageView], View]:
    """Make a view of a function that returns the context of a template.

    Args:
        template: the name of the template.
        entry: the menu entry to mark as the current one.
    """

    def decorate(view: PageView) -> View:
        @wraps(view)
        def respond(http: HttpRequest) -> HttpResponse:
            def show(request: DashboardRequest) -> HttpResponse:
                context = view(request)
                if isinstance(context, HttpResponse):
                    return context
                return _render(request, template, entry, context)

            return _protected(http, Permission.VIEW, ("GET", "HEAD"), show)

        return csrf_protect(respond)

    return decorate


def action(permission: Permission) -> Callable[[ActionView], View]:
    """Make a view of a function that changes something.

    Args:
        permission: what the visitor needs.
    """

    def decorate(view: ActionView) -> View:
        @wraps(view)
        def respond(http: HttpRequest) -> HttpResponse:
            def act(request: DashboardRequest) -> HttpResponse:
                return _redirect(request, view(request))

            return _protected(http, permission, ("POST",), act)

        return csrf_protect(respond)

    return decorate


def _protected(
    http: HttpRequest, permission: Permission, methods: tuple[str, ...], handler: Handler
) -> HttpResponse:
    return protect(_authorized(http, permission, methods, handler))


def _authorized(
    http: HttpRequest, permission: Permission, methods: tuple[str, ...], handler: Handler
) -> HttpResponse:
    visitor = identify(http)
    if visitor is None:
        return denied.unauthenticated(http)
    if http.method not in methods:
        return HttpResponseNotAllowed(methods)
    return _respond(http, visitor, handler) if visitor.may(permission) else denied.forbidden(http)


def _respond(http: HttpRequest, visitor: Visitor, handler: Handler) -> HttpResponse:
    backend = chosen_backend(http)
    if backend is None:
        return denied.no_backend(http)
    request = DashboardRequest(
        http=http, visitor=visitor, backend=backend, aliases=visible_aliases()
    )
    try:
        return handler(request)
    except BrokerError as error:
        return _render(request, denied.BROKER_ERROR, "", {"error": str(error)}, status=503)
    except Http404 as error:
        return _render(request, denied.NOT_FOUND, "", {"reason": str(error)}, status=404)


def _redirect(request: DashboardRequest, outcome: Outcome) -> HttpResponse:
    if not isinstance(outcome, Refused):
        log_change(request.visitor.name, request.backend.alias, outcome.change)
    response = SeeOther(outcome.to)
    if not isinstance(outcome, InProgress):
        kind = "good" if isinstance(outcome, Done) else "warning"
        flash.write(request.http, response, flash.FlashMessage(text=outcome.text, kind=kind))
    return response


def _render(
    request: DashboardRequest,
    template: str,
    entry: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    message = None if request.is_update else flash.read(request.http)
    frame = {
        "dashboard": request,
        "entries": ENTRIES,
        "current": entry,
        "flash": message,
        "is_live": apps.is_installed("django_htmx"),
        "theme": next(
            (one for one in THEMES if request.http.COOKIES.get("django_jobs_theme") == one), ""
        ),
        "live_choices": LIVE_CHOICES,
        "process_id": os.getpid(),
        "title": _("Background jobs"),
    }
    html = encodable(render_to_string(template, {**frame, **context}, request.http))
    response = HttpResponse(html, status=status)
    if message:
        flash.clear(response)
    if status != 200:
        return response
    # Django masks the CSRF token differently each time, which is no change of the page.
    content = TOKENS.sub("", html)
    etag = f'"{sha256(content.encode()).hexdigest()}"'
    response.headers["ETag"] = etag
    found = get_conditional_response(request.http, etag=etag, response=response)
    return found if isinstance(found, HttpResponse) else response
