"""The time ranges that a page can show, as links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.metrics.history import Span

from . import parameters
from .request import DashboardRequest

LABELS = {
    Span.HOUR: (_("1 h"), _("the last hour")),
    Span.SHIFT: (_("8 h"), _("the last 8 hours")),
    Span.DAY: (_("24 h"), _("the last 24 hours")),
    Span.WEEK: (_("7 d"), _("the last 7 days")),
    Span.MONTH: (_("30 d"), _("the last 30 days")),
}


@dataclass(frozen=True, slots=True)
class TimeRangeLink:
    """A link to a page for another time range.

    Attributes:
        label: the text of the link.
        text: the time range in words, for the tooltip.
    """

    label: Any
    text: Any
    address: str
    is_chosen: bool


def chosen_time_range(request: DashboardRequest) -> Span:
    """Return the time range that the URL names, or the default."""
    return parameters.choice(request.http.GET, "span", tuple(Span), Span.DAY)


def time_range_text(span: Span) -> str:
    """Return a time range in words, for use in a sentence."""
    return str(LABELS[span][1])


def time_range_links(
    request: DashboardRequest, page: str, chosen: Span, **query: str
) -> tuple[TimeRangeLink, ...]:
    """Return a link to the same page for each time range.

    Args:
        page: the name of its URL in `urls.py`.
        query: the other query parameters.
    """
    return tuple(
        TimeRangeLink(label, text, request.address(page, span=span.value, **query), span is chosen)
        for span, (label, text) in LABELS.items()
    )
