"""The one way in which pages and actions of the dashboard are made.

**A page** is a function that takes a `Visit` and what its address captured, and returns what its
template shows. The decorator sees to access, backend, headers, and to 304 where nothing changed:

    @page("django_jobs_dashboard/queues.html", entry="queues")
    def queues(visit: Visit) -> Mapping[str, Any]:
        return {"queues": visit.inspection.queues()}

It raises `Http404` for what is not there. Parameters are read with `parameters.py`, which turns
nonsense into the nearest sane value. Templates extend `django_jobs_dashboard/base.html`, load
`jobs_dashboard`, and link with `{% to "queue" name page=2 %}`, which keeps the chosen backend.
What stands in the block `content` is what a live update brings anew; each row and card that may
come, go or move carries an `id`, so that the same one keeps its focus.

**An action** is a function that changes something; it answers POST only, with CSRF:

    @action(Right.MANAGE)
    def pause(visit: Visit, name: str) -> Done:
        visit.inspection.pause(name)
        change = Change(action="pause", target=name)
        return Done(_("The queue is paused."), to=visit.address("queues"), change=change)

The decorator checks the right, logs the change with who did it, and leads to the page that says so.
`Refused(text, to=…)` says why nothing was done. In a template an action is a form:

    {% if visit.visitor.may_manage %}
    <form method="post" action="{% to "pause" queue.name %}">{% csrf_token %}
      <button class="button">{% icon "pause" %} {% translate "Pause" %}</button></form>
    {% endif %}

and one that needs a second thought is `<details class="confirm"><summary class="button danger">…
</summary><form …>…</form></details>`, which needs no script.

**An entry in the menu** is a line in `navigation.py`; its address, one in `urls.py`; an icon, one
in `icons.py`.
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

from . import doors, notice
from .access import Right, Visitor, visitor_of
from .audit import Change, log_change
from .headers import protect
from .navigation import ENTRIES
from .visit import Visit, chosen_backend, visible_aliases

TOKENS = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
THEMES = ("light", "dark")
LIVE_CHOICES = (2, 5, 15, 60)
"""Seconds between two updates of a page; the script remembers which one was chosen."""


@dataclass(frozen=True, slots=True)
class Done:
    """An action that was carried out.

    Attributes:
        text: a translated sentence that says so.
        to: the address of the page that shows it.
        change: what is logged.
    """

    text: str
    to: str
    change: Change


@dataclass(frozen=True, slots=True)
class Refused:
    """An action that was not carried out.

    Attributes:
        text: a translated sentence that says why.
        to: the address of the page that shows it.
    """

    text: str
    to: str


class SeeOther(HttpResponseRedirect):
    """Leads from what was posted to the page that shows it, by GET."""

    status_code = 303


PageView = Callable[..., Mapping[str, Any] | HttpResponse]
ActionView = Callable[..., Done | Refused | HttpResponse]
Response = Callable[..., HttpResponseBase]
Answer = Callable[[Visit], HttpResponse]


def page(template: str, *, entry: str) -> Callable[[PageView], Response]:
    """Make a page of a function that returns what its template shows.

    Args:
        template: its name.
        entry: the entry of the menu that is marked as the current one.
    """

    def decorate(view: PageView) -> Response:
        @wraps(view)
        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            def show(visit: Visit) -> HttpResponse:
                shown = view(visit, *args, **kwargs)
                if isinstance(shown, HttpResponse):
                    return shown
                return _rendered(visit, template, entry, shown)

            return _answered(request, Right.VIEW, ("GET", "HEAD"), show)

        return csrf_protect(respond)

    return decorate


def action(right: Right) -> Callable[[ActionView], Response]:
    """Make an action of a function that changes something.

    Args:
        right: what the visitor must be permitted.
    """

    def decorate(view: ActionView) -> Response:
        @wraps(view)
        def respond(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            def act(visit: Visit) -> HttpResponse:
                return _reported(visit, view(visit, *args, **kwargs))

            return _answered(request, right, ("POST",), act)

        return csrf_protect(respond)

    return decorate


def _answered(
    request: HttpRequest, right: Right, methods: tuple[str, ...], answer: Answer
) -> HttpResponse:
    return protect(_let_in(request, right, methods, answer))


def _let_in(
    request: HttpRequest, right: Right, methods: tuple[str, ...], answer: Answer
) -> HttpResponse:
    visitor = visitor_of(request)
    if visitor is None:
        return doors.closed(request)
    if request.method not in methods:
        return HttpResponseNotAllowed(methods)
    return _shown(request, visitor, answer) if visitor.may(right) else doors.forbidden(request)


def _shown(request: HttpRequest, visitor: Visitor, answer: Answer) -> HttpResponse:
    backend = chosen_backend(request)
    if backend is None:
        return doors.nothing_to_show(request)
    visit = Visit(request=request, visitor=visitor, backend=backend, aliases=visible_aliases())
    try:
        return answer(visit)
    except BrokerError as error:
        return _rendered(visit, doors.BROKER, "", {"error": str(error)}, status=503)
    except Http404 as error:
        return _rendered(visit, doors.MISSING, "", {"reason": str(error)}, status=404)


def _reported(visit: Visit, outcome: Done | Refused | HttpResponse) -> HttpResponse:
    if isinstance(outcome, HttpResponse):
        return outcome
    kind = "warning"
    if isinstance(outcome, Done):
        log_change(visit.visitor.name, visit.backend.alias, outcome.change)
        kind = "good"
    response = SeeOther(outcome.to)
    notice.leave(visit.request, response, notice.Notice(text=outcome.text, kind=kind))
    return response


def _rendered(
    visit: Visit, template: str, entry: str, shown: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    request = visit.request
    said = None if visit.is_update else notice.left(request)
    frame = {
        "visit": visit,
        "entries": ENTRIES,
        "current": entry,
        "notice": said,
        "is_live": apps.is_installed("django_htmx"),
        "theme": next(
            (one for one in THEMES if request.COOKIES.get("django_jobs_theme") == one), ""
        ),
        "live_choices": LIVE_CHOICES,
        "process_id": os.getpid(),
        "title": _("Background jobs"),
    }
    html = _encodable(render_to_string(template, {**frame, **shown}, request))
    response = HttpResponse(html, status=status)
    if said:
        notice.forget(response)
    if status != 200:
        return response
    # Each rendering masks the token for forms anew, which changes nothing that anybody sees.
    content = TOKENS.sub("", html)
    etag = f'"{sha256(content.encode()).hexdigest()}"'
    response.headers["ETag"] = etag
    found = get_conditional_response(request, etag=etag, response=response)
    return found if isinstance(found, HttpResponse) else response


def _encodable(text: str) -> str:
    """Return text in which lone surrogates are spelt out: names of files bring them into errors."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
