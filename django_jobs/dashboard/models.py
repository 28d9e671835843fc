"""The permissions of the dashboard."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Dashboard(models.Model):
    """A model without a table, because permissions must belong to one."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("view_dashboard", _("Can view background jobs")),
            ("manage_jobs", _("Can retry, delete and pause background jobs")),
            ("control_workers", _("Can quiet and stop workers")),
        ]
        verbose_name = _("dashboard")
        verbose_name_plural = _("Jobs")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)
