"""Notices that a site uses a backend, but has not installed the app."""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Warning

from django_jobs.compat import BaseTaskBackend

logger = logging.getLogger("django_jobs")

MISSING = "TASKS[%r] is a backend of django_jobs, but 'django_jobs' is not in INSTALLED_APPS."
REMEDY = (
    "Add 'django_jobs' to INSTALLED_APPS. Without it there are no commands, such as manage.py"
    " runworker, and no system checks."
)


class InstalledBackend(BaseTaskBackend):
    """A backend that reports a missing app to Django's own check of the backends in `TASKS`."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """W017: `TASKS` names a backend of ours, and the app is not installed."""
        found = list(super().check(**kwargs))
        if not apps.is_installed("django_jobs"):
            found.append(Warning(MISSING % self.alias, hint=REMEDY, id="django_jobs.W017"))
        return found


def warn_unless_installed(alias: str) -> None:
    """Log the same, for sites that run no checks."""
    if not apps.is_installed("django_jobs"):
        logger.warning("%s %s", MISSING % alias, REMEDY)
