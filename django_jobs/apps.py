"""The Django app, with the commands and the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class DjangoJobsConfig(AppConfig):
    name = "django_jobs"
    verbose_name = "Django jobs"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (importing it registers them)
        from .backends import prepare_process

        prepare_process()
