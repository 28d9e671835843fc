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
def check_setting(**_: Any) -> list[CheckMessage]:
    """E001: an invalid setting."""
    try:
        options()
    except ImproperlyConfigured as error:
        return [Error(str(error), id=f"{APP}.E001")]
    return []


@register
def check_htmx(**_: Any) -> list[CheckMessage]:
    """W001: pages without live updates."""
    if apps.is_installed(HTMX):
        return []
    return [
        Warning(
            "The pages of the dashboard do not refresh automatically.",
            hint="Install django-jobs-backends[dashboard], and add 'django_htmx' to"
            " INSTALLED_APPS. Everything else works without it.",
            id=f"{APP}.W001",
        )
    ]
