"""The endpoint that Prometheus scrapes."""

from __future__ import annotations

from django.http import HttpResponse

from django_jobs.backends import JobBackend
from django_jobs.brokers.prometheus import CONTENT_TYPE, exposition
from django_jobs.dashboard.api import endpoint


@endpoint
def prometheus_metrics(backend: JobBackend) -> HttpResponse:
    """Return all metrics in Prometheus' text format."""
    return HttpResponse(exposition(backend.broker), content_type=CONTENT_TYPE)
