"""What went on lately, for the first page: charts, and what fails most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from django_jobs.brokers.metrics import Span
from django_jobs.dashboard import figures
from django_jobs.dashboard.spans import chosen_span, span_links, span_words
from django_jobs.dashboard.visit import Visit

MOST_FAILING = 8


def activity(visit: Visit) -> Mapping[str, Any]:
    """Return what `parts/activity.html` shows."""
    chosen = chosen_span(visit)
    read = visit.inspection.metrics
    history = read.history(chosen)
    return {
        "spans": span_links(visit, "overview", chosen),
        "span_words": span_words(chosen),
        "throughput": figures.attempts("throughput", _("Throughput"), history),
        "failures": figures.failures("failures", _("Failures"), history),
        "failing": read.failing(Span.DAY)[:MOST_FAILING],
    }
