"""What machines ask: figures as JSON, and whether all is well."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from django_jobs.backends import JobBackend
from django_jobs.backends.health import Health, Limits, examine
from django_jobs.dashboard.access import is_open_to_machine
from django_jobs.dashboard.headers import protect
from django_jobs.dashboard.machine import machine
from django_jobs.dashboard.parameters import whole
from django_jobs.dashboard.visit import chosen_backend
from django_jobs.management.jobs.shapes import health_shape
from django_jobs.management.jobs.stats import statistics_shape

NO_LIMIT = -1
WEEK = 7 * 86_400


@machine
def stats(backend: JobBackend[Any]) -> HttpResponse:
    """Answer as `manage.py jobs stats --json` does."""
    return JsonResponse(statistics_shape(backend))


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 if all is well, else 503, to anybody; the reasons, to those who may know them.

    `?min_workers=` says how many workers must take jobs, by default one where they are processes
    of their own; `?max_latency=` how many seconds jobs may wait.
    """
    return protect(_health(request))


def _health(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    found = _examined(request)
    # Load balancers bring no token. That names of queues and settings stay inside is worth more
    # than that everybody who asks is told what is wrong.
    knows = is_open_to_machine(request)
    shown = health_shape(found) if knows else {"healthy": found.is_good}
    return JsonResponse(shown, status=200 if found.is_good else 503)


def _examined(request: HttpRequest) -> Health:
    backend = chosen_backend(request)
    if backend is None:
        return Health(problems=("No backend in TASKS belongs to django_jobs.",))
    asked = request.GET
    least = 1 if backend.persistent else 0
    latency = whole(asked, "max_latency", default=NO_LIMIT, least=NO_LIMIT, most=WEEK)
    limits = Limits(
        min_workers=whole(asked, "min_workers", default=least, least=0, most=10_000),
        max_latency=None if latency == NO_LIMIT else latency,
    )
    return examine(backend, limits)
