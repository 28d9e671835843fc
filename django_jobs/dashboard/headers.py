"""The headers of the dashboard's responses, whatever the site around it sends."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.templatetags.static import static


def protect(response: HttpResponse) -> HttpResponse:
    """Let browsers load nothing but the dashboard's own files, and keep nothing."""
    response.headers["Content-Security-Policy"] = _policy()
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _policy() -> str:
    own = " ".join(["'self'", *_static_origin()])
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; img-src {own} data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _static_origin() -> list[str]:
    """Return the origin of static files, if they come from another one than the pages."""
    parts = urlsplit(static("django_jobs_dashboard/dashboard.css"))
    return [f"{parts.scheme}://{parts.netloc}"] if parts.scheme and parts.netloc else []
