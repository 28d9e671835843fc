"""Template tags and filters of the dashboard."""

from __future__ import annotations

import re
from hashlib import blake2s
from typing import Any

from django import template
from django.template import Context
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from django_jobs.clock import from_ms
from django_jobs.dashboard import formatting
from django_jobs.dashboard.icons import ICONS
from django_jobs.dashboard.request import DashboardRequest
from django_jobs.dashboard.states import BADGES, LABELS
from django_jobs.dashboard.waiting import WaitsFor
from django_jobs.jobs.records import State

NONE = "–"

register = template.Library()
register.filter(formatting.number)
register.filter(formatting.duration)
register.filter(formatting.size)
register.filter(formatting.job_count)


@register.filter
def last_part(path: str) -> str:
    """Return the last part of a dotted path."""
    return path.rpartition(".")[2] or path


@register.filter
def module_part(path: str) -> str:
    """Return a dotted path without its last part."""
    return path.rpartition(".")[0]


@register.filter
def as_id(text: str) -> str:
    """Return a word that stands for any text in an id, which live updates look for."""
    return blake2s(text.encode(errors="replace"), digest_size=8).hexdigest()


@register.filter
def dotted(path: str) -> SafeString:
    """Allow line breaks after the dots of a dotted path."""
    return format_html_join(
        mark_safe("<wbr>"), "{}", ([part] for part in re.split(r"(?<=\.)", path))
    )


@register.filter
def state_label(state: State) -> str:
    """Return the word for a state of a job, as in headings."""
    return str(LABELS[state])


@register.simple_tag(takes_context=True)
def to(context: Context, name: str, *args: Any, **query: Any) -> str:
    """Return the URL of a page or action for the same backend."""
    request: DashboardRequest = context["dashboard"]
    return request.address(name, *args, **query)


@register.simple_tag(takes_context=True)
def to_awaited(context: Context, awaited: WaitsFor) -> str:
    """Return the URL of what a job waits for, for the same backend."""
    return to(context, awaited.page, **awaited.query)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon, hidden from screen readers."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>', ICONS[name]
    )


@register.simple_tag
def badge(state: str) -> SafeString:
    """Show a state as an icon, a word and a colour."""
    name, label = BADGES[state]
    return format_html('<span class="badge {}">{} {}</span>', str(state), icon(name), label)


@register.simple_tag
def moment(milliseconds: int | None, kind: str = "ago") -> SafeString:
    """Show a point in time.

    Args:
        milliseconds: Unix time, or None for a dash.
        kind: how the script shows it: "ago" for "3 minutes ago" or "in 3 minutes", "since" for
            the time elapsed, "" for the date and time.
    """
    if milliseconds is None:
        return format_html('<span class="none">{}</span>', NONE)
    instant = localtime(from_ms(milliseconds))
    return format_html(
        '<time datetime="{}" data-time="{}">{}</time>',
        *(instant.isoformat(timespec="milliseconds"), kind),
        f"{date_format(instant, 'SHORT_DATE_FORMAT')} {date_format(instant, 'H:i:s')}",
    )
