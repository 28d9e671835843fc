"""Endpoints for programs: statistics as JSON, and the health check."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse, QueryDict

from django_jobs.backends import JobBackend
from django_jobs.brokers.health import Health, Thresholds, check_health
from django_jobs.dashboard.access import may_use_api
from django_jobs.dashboard.api import endpoint
from django_jobs.dashboard.conf import options
from django_jobs.dashboard.headers import protect
from django_jobs.dashboard.parameters import whole
from django_jobs.dashboard.request import chosen_backend
from django_jobs.dashboard.shared_health import recent_health
from django_jobs.management.jobs.json_output import health_json
from django_jobs.management.jobs.stats import statistics_json

NO_LIMIT = -1
WEEK = 7 * 86_400


@endpoint
def stats(backend: JobBackend) -> HttpResponse:
    """Return the same JSON as `manage.py jobs stats --json`."""
    return JsonResponse(statistics_json(backend))


def health(request: HttpRequest) -> HttpResponse:
    """Return 200 if everything is healthy, or else 503.

    Anyone may ask. Only clients with a token and visitors see the reasons, and may replace the
    thresholds of the settings by `?min_workers=` and `?max_latency=`: others could otherwise find
    out the numbers by trying one threshold after the other.
    """
    return protect(_health(request))


def _health(request: HttpRequest) -> HttpResponse:
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    backend = chosen_backend(request)
    # Load balancers send no token, and must not learn names of queues or settings.
    knows = may_use_api(request)
    if backend is None:
        found = Health(problems=("No backend in TASKS belongs to django_jobs.",))
    elif knows:
        found = check_health(backend.broker, _limits(backend, request.GET))
    else:
        found = recent_health(backend.broker, partial(_examined, backend))
    shown = health_json(found) if knows else {"healthy": found.is_good}
    return JsonResponse(shown, status=200 if found.is_good else 503)


def _examined(backend: JobBackend) -> Health:
    return check_health(backend.broker, _limits(backend, QueryDict()))


def _limits(backend: JobBackend, asked: QueryDict) -> Thresholds:
    """Return the thresholds of the settings, or those in the URL."""
    least, longest = options().min_workers, options().max_latency
    if least is None:
        least = 1 if backend.persistent else 0
    latency = whole(
        asked,
        "max_latency",
        default=NO_LIMIT if longest is None else longest,
        least=NO_LIMIT,
        most=WEEK,
    )
    return Thresholds(
        min_workers=whole(asked, "min_workers", default=least, least=0, most=10_000),
        max_latency=None if latency == NO_LIMIT else latency,
    )
