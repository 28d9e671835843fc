"""The one way in which answers for machines are made: by token, without pages, forms or cookies."""

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
    """Make an answer for machines of a function that returns it for a backend.

    Whoever has no token and may not see the dashboard either hears nothing, also not whether there
    is a token. An unknown `?backend=` is not found: a machine must not get the figures of another.
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
        text = "Too many wrong tokens or passwords. Try again in a few minutes.\n"
        return _text_response(text, 429, {"Retry-After": str(wait)})
    if has_credentials(request) and not is_safe_for_secrets(request):
        text = (
            "No token or password is accepted over plain HTTP, where others can read it. Use HTTPS,"
            " or set JOB_DASHBOARD_ALLOW_HTTP=true if the connection is safe all the same.\n"
        )
        return _text_response(text, 403)
    return _text_response(
        "Send the token: Authorization: Bearer …\n", 401, {"WWW-Authenticate": "Bearer"}
    )


def _text_response(text: str, status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(text, status=status, content_type=PLAIN, headers=headers)
