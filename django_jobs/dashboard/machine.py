"""The one way in which answers for machines are made: by token, without pages, forms or cookies."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from django_jobs.backends import JobBackend
from django_jobs.compat import task_backends
from django_jobs.errors import BrokerError

from .access import is_open_to_machine
from .headers import protect
from .visit import visible_aliases

PLAIN = "text/plain; charset=utf-8"

MachineView = Callable[[JobBackend[Any]], HttpResponse]


def machine(view: MachineView) -> Callable[[HttpRequest], HttpResponse]:
    """Make an answer for machines of a function that returns it for a backend.

    Whoever has no token and may not see the dashboard either hears nothing, also not whether there
    is a token. An unknown `?backend=` is not found: a machine must not get the figures of another.
    """

    @wraps(view)
    def respond(request: HttpRequest) -> HttpResponse:
        return protect(_answered(request, view))

    return respond


def _answered(request: HttpRequest, view: MachineView) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not is_open_to_machine(request):
        return _said(
            "Send the token: Authorization: Bearer …\n", 401, {"WWW-Authenticate": "Bearer"}
        )
    aliases = visible_aliases()
    alias = request.GET.get("backend", aliases[0] if aliases else "")
    if alias not in aliases:
        return _said("No such backend.\n", 404)
    backend: Any = task_backends[alias]
    try:
        return view(backend)
    except BrokerError as error:
        return _said(f"{error}\n", 503)


def _said(text: str, status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(text, status=status, content_type=PLAIN, headers=headers)
