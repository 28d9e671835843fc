"""Background work as its own page, or as the strip alone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from background.receipts import recent_progress
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, task_backends


def overview(request: HttpRequest) -> HttpResponse:
    """Explain where jobs run at the moment, then list the visitor's own."""
    backend = task_backends[DEFAULT_TASK_BACKEND_ALIAS]
    context = {"backend_name": type(backend).__name__, "jobs": recent_progress(request)}
    return render(request, "background/overview.html", context)


@never_cache
def strip(request: HttpRequest) -> HttpResponse:
    """Return the strip's inside, which the page's script fetches while a job is open."""
    return render(request, "parts/jobs.html")
