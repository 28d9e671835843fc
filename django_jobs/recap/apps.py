"""The Django app of the recap."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecapConfig(AppConfig):
    name = "django_jobs.recap"
    label = "django_jobs_recap"
    verbose_name = _("Recaps")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks  # noqa: F401  (importing it registers them)
