"""System checks of the recap."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, reverse

from .conf import problems, recaps_run

APP = "django_jobs_recap"


@register
def check_recap(**_: Any) -> list[CheckMessage]:
    """Report what prevents recaps from being sent."""
    found: list[CheckMessage] = [Error(problem, id=f"{APP}.E001") for problem in problems()]
    if not settings.USE_TZ:
        found.append(Error("Recaps need time zone support: set USE_TZ = True.", id=f"{APP}.E002"))
    if not _has_urls():
        found.append(
            Error(
                "Recaps have no unsubscribe page.",
                hint="Add path('recap/', include('django_jobs.recap.urls')) to the URLconf.",
                id=f"{APP}.E003",
            )
        )
    if not recaps_run():
        found.append(
            Warning(
                "No recaps are sent, because the default task backend keeps jobs in memory.",
                hint="Set JOB_BACKEND=redis and start a worker. The users' choices are kept.",
                id=f"{APP}.W001",
            )
        )
    return found


def _has_urls() -> bool:
    try:
        reverse(f"{APP}:unsubscribe", args=["token"])
    except NoReverseMatch:
        return False
    return True
