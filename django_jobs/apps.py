"""The Django app, with the commands and the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class DjangoJobsConfig(AppConfig):
    name = "django_jobs"
    verbose_name = "Django jobs"

    def ready(self) -> None:
        from .backends import prepare_process

        # Importing them registers their checks.
        from .checks import apps, backends, databases, mail, queues, tasks  # noqa: F401

        prepare_process()
