"""Views of the visitor's jobs: a page, and the strip at the bottom of each page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from background.receipts import recent_progress
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, task_backends


def overview(request: HttpRequest) -> HttpResponse:
    """Explain where jobs run, and list the visitor's jobs."""
    backend = task_backends[DEFAULT_TASK_BACKEND_ALIAS]
    context = {"backend_name": type(backend).__name__, "jobs": recent_progress(request)}
    return render(request, "background/overview.html", context)


@never_cache
def strip(request: HttpRequest) -> HttpResponse:
    """Return the content of the strip, which the script fetches until all jobs have ended."""
    return render(request, "parts/jobs.html")
