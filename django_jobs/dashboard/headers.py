"""Security headers of the dashboard's responses."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.templatetags.static import static


def protect(response: HttpResponse) -> HttpResponse:
    """Forbid browsers to load anything but the dashboard's own files, and to cache pages."""
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
    """Return the origin of the static files, if it is not the site's own."""
    parts = urlsplit(static("django_jobs_dashboard/dashboard.css"))
    return [f"{parts.scheme}://{parts.netloc}"] if parts.scheme and parts.netloc else []
