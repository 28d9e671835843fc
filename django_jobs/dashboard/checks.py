"""System checks of the dashboard."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from .conf import options

APP = "django_jobs_dashboard"
HTMX = "django_htmx"


@register
def check_dashboard(**_: Any) -> list[CheckMessage]:
    """Report an invalid setting (E001), and pages without live updates (W001)."""
    found: list[CheckMessage] = []
    try:
        options()
    except ImproperlyConfigured as error:
        found.append(Error(str(error), id=f"{APP}.E001"))
    if not apps.is_installed(HTMX):
        found.append(
            Warning(
                "The pages of the dashboard do not refresh automatically.",
                hint="Install django-jobs-backends[dashboard], and add 'django_htmx' to"
                " INSTALLED_APPS. Everything else works without it.",
                id=f"{APP}.W001",
            )
        )
    return found
