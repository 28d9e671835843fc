"""The site's own middleware."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from django_jobs.errors import BrokerError

logger = logging.getLogger("example")

# Django's debug pages for these have inline styles.
TECHNICAL_PAGES = {404, 500}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add the policy to each response that has none."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if settings.DEBUG and response.status_code in TECHNICAL_PAGES:
            return response
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    return respond


class BrokerErrorPage:
    """Show an error page if a job could not be enqueued."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Handle errors of the broker; leave all others to Django."""
        if not isinstance(error, BrokerError):
            return None
        logger.error("A job could not be enqueued: %s", error)
        return render(request, "503.html", status=503)
