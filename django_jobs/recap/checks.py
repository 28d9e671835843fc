"""System checks of the recap."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, reverse

from .conf import problems, recaps_run

APP = "django_jobs_recap"


@register
def check_setting(**_: Any) -> list[CheckMessage]:
    """E001: `JOB_RECAP` cannot be used."""
    return [Error(problem, id=f"{APP}.E001") for problem in problems()]


@register
def check_time_zones(**_: Any) -> list[CheckMessage]:
    """E002: there are no time zones."""
    if settings.USE_TZ:
        return []
    return [Error("Recaps need time zone support: set USE_TZ = True.", id=f"{APP}.E002")]


@register
def check_urls(**_: Any) -> list[CheckMessage]:
    """E003: there is no page to unsubscribe."""
    if _has_urls():
        return []
    return [
        Error(
            "Recaps have no unsubscribe page.",
            hint="Add path('recap/', include('django_jobs.recap.urls')) to the URLconf.",
            id=f"{APP}.E003",
        )
    ]


@register
def check_backend(**_: Any) -> list[CheckMessage]:
    """W001: no recaps are sent."""
    if recaps_run():
        return []
    return [
        Warning(
            "No recaps are sent, because the default task backend keeps jobs in memory.",
            hint="Set JOB_BACKEND=redis and start a worker. The users' choices are kept.",
            id=f"{APP}.W001",
        )
    ]


def _has_urls() -> bool:
    try:
        reverse(f"{APP}:unsubscribe", args=["token"])
    except NoReverseMatch:
        return False
    return True
