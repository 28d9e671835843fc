"""The context of the strip of jobs at the bottom of each page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from background.receipts import KEY, recent_progress
from django_jobs.backends import is_persistent

SHOWN = 3


def background(request: HttpRequest) -> dict[str, Any]:
    """Add `recent_jobs`, `jobs_open` and `jobs_persistent`."""
    if not hasattr(request, "session") or KEY not in request.session:
        return {"recent_jobs": [], "jobs_open": False, "jobs_persistent": is_persistent()}
    jobs = recent_progress(request)[:SHOWN]
    return {
        "recent_jobs": jobs,
        "jobs_open": any(job.is_open for job in jobs),
        "jobs_persistent": is_persistent(),
    }
