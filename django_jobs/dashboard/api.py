"""The decorator that makes endpoints for programs, which authenticate with a token."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from django_jobs.backends import JobBackend, our_backend
from django_jobs.errors import BrokerError

from .access import has_credentials, is_safe_for_secrets, may_use_api, seconds_to_wait
from .headers import protect
from .request import visible_aliases

PLAIN = "text/plain; charset=utf-8"

EndpointView = Callable[[JobBackend], HttpResponse]


def endpoint(view: EndpointView) -> Callable[[HttpRequest], HttpResponse]:
    """Make an endpoint of a function that returns the response for a backend.

    Clients without permission learn nothing, not even whether a token is set. An unknown
    `?backend=` is a 404, because a program must not receive the numbers of another backend.
    """

    @wraps(view)
    def respond(request: HttpRequest) -> HttpResponse:
        return protect(_respond(request, view))

    return respond


def _respond(request: HttpRequest, view: EndpointView) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if not may_use_api(request):
        return _unauthenticated(request)
    aliases = visible_aliases()
    alias = request.GET.get("backend", aliases[0] if aliases else "")
    backend = our_backend(alias) if alias in aliases else None
    if backend is None:
        return _text_response("No such backend.\n", 404)
    try:
        return view(backend)
    except BrokerError as error:
        return _text_response(f"{error}\n", 503)


def _unauthenticated(request: HttpRequest) -> HttpResponse:
    if wait := seconds_to_wait(request):
        text = "Too many failed attempts. Try again in a few minutes.\n"
        return _text_response(text, 429, {"Retry-After": str(wait)})
    if has_credentials(request) and not is_safe_for_secrets(request):
        text = (
            "Tokens and passwords are not accepted over plain HTTP, because others could read them."
            " Use HTTPS, or set JOB_DASHBOARD_ALLOW_HTTP=true if the connection is safe anyway.\n"
        )
        return _text_response(text, 403)
    return _text_response(
        "Send a token: Authorization: Bearer …\n", 401, {"WWW-Authenticate": "Bearer"}
    )


def _text_response(text: str, status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(text, status=status, content_type=PLAIN, headers=headers)
