"""A strict content security policy on every page."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

# What Django shows a developer for these brings its styles inline.
TECHNICAL_PAGES = {404, 500}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Send the policy with each response that does not bring its own."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if settings.DEBUG and response.status_code in TECHNICAL_PAGES:
            return response
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return respond
