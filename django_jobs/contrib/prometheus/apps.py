"""The Django app that adds the metrics to the default registry."""

from __future__ import annotations

from django.apps import AppConfig


class PrometheusConfig(AppConfig):
    name = "django_jobs.contrib.prometheus"
    label = "django_jobs_prometheus"
    verbose_name = "Metrics of jobs"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from .collector import OF_ALL_BACKENDS

        REGISTRY.register(OF_ALL_BACKENDS)
