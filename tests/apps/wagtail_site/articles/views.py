"""What a visitor finds, and what became of the jobs."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from wagtail.models import Page

from django_jobs.backends import JobBackend
from django_jobs.compat import task_backends
from django_jobs.jobs.records import State


def search(request: HttpRequest) -> JsonResponse:
    found = Page.objects.live().search(request.GET["q"])
    return JsonResponse({"titles": [page.title for page in found]})


def jobs(request: HttpRequest) -> JsonResponse:
    """Tell of the jobs in each state: their tasks, and the last error of each."""
    backend = task_backends["default"]
    assert isinstance(backend, JobBackend)
    inspection = backend.broker.inspection
    states = {
        state: [
            [one.job.task, one.failures[-1].message if one.failures else ""]
            for one in inspection.jobs(state, limit=1000)
        ]
        for state in State
    }
    return JsonResponse(states)
