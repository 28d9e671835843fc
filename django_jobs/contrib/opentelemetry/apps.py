"""The Django app that turns tracing on."""

from __future__ import annotations

from django.apps import AppConfig


class OpenTelemetryConfig(AppConfig):
    name = "django_jobs.contrib.opentelemetry"
    label = "django_jobs_opentelemetry"
    verbose_name = "Traces of jobs"

    def ready(self) -> None:
        from django_jobs.jobs.observers import install

        from .tracing import TracingObserver

        install(TracingObserver())
