"""A template filter for times in the past."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
STEPS = ((MINUTE, 1, "s"), (HOUR, MINUTE, "min"), (DAY, HOUR, "h"))
DAYS_COUNTED = 30


@register.filter
def ago(moment: datetime) -> str:
    """Return "12 s ago" or "3 days ago", and the date after a month."""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    if seconds < 2:
        return "just now"
    for below, size, unit in STEPS:
        if seconds < below:
            return f"{seconds // size} {unit} ago"
    days = seconds // DAY
    if days > DAYS_COUNTED:
        return date_format(timezone.localtime(moment), "j M Y")
    return f"{days} day{'s' if days > 1 else ''} ago"
