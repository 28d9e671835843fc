"""What happens around every request."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from django_jobs.errors import BrokerError

logger = logging.getLogger("example")

# What Django shows a developer for these brings its styles inline.
TECHNICAL_PAGES = {404, 500}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
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


class BrokerTrouble:
    """Answer with a page that says so where jobs cannot be passed on at the moment."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Explain a broker's error, leave any other to Django."""
        if not isinstance(error, BrokerError):
            return None
        logger.error("A job could not be enqueued: %s", error)
        return render(request, "503.html", status=503)
