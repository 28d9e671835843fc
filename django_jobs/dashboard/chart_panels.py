"""Panels with a chart, its axes, its legend and a table of its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format, number_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_jobs.clock import from_ms
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import Bucket, History

from . import charts, formatting
from .chart_deploys import ChartDeploys
from .charts import Bar, Mark

DAY = 86_400_000
QUARTERS = 4
DECADE = 6
"""Buckets of a histogram in one power of ten."""

QUANTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))


@dataclass(frozen=True, slots=True)
class Legend:
    """An entry of the legend: a colour or line, its label and its value."""

    look: str
    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPanel:
    """A chart with its axes, legend and table.

    Attributes:
        name: unique on the page.
        top: the value at the top of the vertical axis, which starts at 0.
        ticks: labels of the horizontal axis, at equal distances from the left edge.
        end: the label at the right edge.
        columns: the headings of the table.
        rows: the rows of the table, except those that are all zero.
        text_column: the heading of a last column that holds text, or "" if there is none.
        empty: the text to show if there is no data.
    """

    name: str
    title: str
    drawing: SafeString
    top: int
    ticks: tuple[str, ...]
    end: str
    legend: tuple[Legend, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_column: str = ""
    empty: str = ""

    @property
    def half(self) -> int:
        return self.top // 2


def attempts_panel(name: str, title: str, history: History) -> ChartPanel:
    """Return a panel of succeeded and failed attempts over time."""
    parts = [(one.succeeded, one.failed) for one in history.buckets]
    hints = [
        _("%(time)s: %(succeeded)s succeeded, %(failed)s failed")
        % {"time": time, "succeeded": formatting.number(good), "failed": formatting.number(bad)}
        for time, (good, bad) in zip(_times(history), parts, strict=True)
    ]
    legend = (
        Legend("good", _("Succeeded"), formatting.number(history.succeeded)),
        Legend("bad", _("Failed"), formatting.number(history.failed)),
    )
    empty = "" if history.succeeded or history.failed else _("No jobs ran in this period.")
    return _over_time(name, title, history, parts, hints, legend, empty)


def failures_panel(name: str, title: str, history: History) -> ChartPanel:
    """Return a panel of failed attempts over time, on a scale of their own."""
    parts = [(one.failed,) for one in history.buckets]
    hints = [
        ngettext("%(time)s: %(number)s failed", "%(time)s: %(number)s failed", count)
        % {"time": time, "number": formatting.number(count)}
        for time, (count,) in zip(_times(history), parts, strict=True)
    ]
    share = formatting.percent(history.failed, history.succeeded + history.failed)
    legend = (Legend("bad", _("Failed"), f"{formatting.number(history.failed)} ({share})"),)
    empty = "" if history.failed else _("No failures in this period.")
    return _over_time(name, title, history, parts, hints, legend, empty)


def _over_time(
    name: str,
    title: str,
    history: History,
    parts: Sequence[tuple[int, ...]],
    hints: Sequence[str],
    legend: tuple[Legend, ...],
    empty: str,
) -> ChartPanel:
    deploys = ChartDeploys(history)
    said = ", ".join(f"{one.label}: {one.value}" for one in legend)
    drawn = [
        Bar(part, deploys.hint(index, hint))
        for index, (part, hint) in enumerate(zip(parts, hints, strict=True))
    ]
    times = tuple(_times(history))
    quarter = len(times) // QUARTERS
    column = _("Deploys") if deploys.count else ""
    shown = Legend("deploy", column, formatting.number(deploys.count))
    return ChartPanel(
        name=name,
        title=title,
        drawing=charts.bars(
            name,
            title,
            f"{said}, {deploys.text}" if deploys.count else said,
            drawn,
            [one.look for one in legend],
            deploys.marks,
        ),
        top=charts.top_of(bar.height for bar in drawn),
        ticks=tuple(_axis(history)[:: quarter or 1][:QUARTERS]),
        end=_("now"),
        legend=(*legend, shown) if deploys.count else legend,
        columns=(_("From"), *(one.label for one in legend)),
        rows=tuple(_rows(times, parts, deploys)),
        text_column=column,
        empty=empty,
    )


def _rows(
    times: Sequence[str], parts: Sequence[tuple[int, ...]], deploys: ChartDeploys
) -> Iterator[tuple[str, ...]]:
    """Yield the rows of steps in which something happened; with their deploys, if there are any."""
    for index, (time, part) in enumerate(zip(times, parts, strict=True)):
        labels = deploys.labels(index)
        if labels or any(part):
            row = (time, *map(formatting.number, part))
            yield (*row, labels) if deploys.count else row


def _times(history: History) -> Iterator[str]:
    """Yield the date and time at which each bucket starts."""
    for bucket in history.buckets:
        begin = localtime(from_ms(bucket.at))
        clock = date_format(begin, "H:i")
        yield f"{date_format(begin, 'MONTH_DAY_FORMAT')} {clock}"


def _axis(history: History) -> list[str]:
    spans_days = history.step * len(history.buckets) > DAY
    return [_on_axis(bucket, spans_days) for bucket in history.buckets]


def _on_axis(bucket: Bucket, spans_days: bool) -> str:
    return date_format(localtime(from_ms(bucket.at)), "MONTH_DAY_FORMAT" if spans_days else "H:i")


def histogram_panel(name: str, title: str, histogram: Histogram) -> ChartPanel:
    """Return a panel of durations, from the first to the last power of ten with data."""
    first, last = _decades(histogram)
    begin, end = first * DECADE, (last + 1) * DECADE
    counts = _counts(histogram)
    drawn = [
        Bar((counts[index],), f"{_between(index)}: {formatting.number(counts[index])}")
        for index in range(begin, end)
    ]
    known = [(look, histogram.quantile(share)) for share, look in QUANTILES]
    legend = tuple(Legend(look, look, formatting.optional_duration(value)) for look, value in known)
    marks = [Mark(look, _place(value) - begin) for look, value in known if value is not None]
    return ChartPanel(
        name=name,
        title=title,
        drawing=charts.bars(
            name,
            title,
            ", ".join(f"{one.label}: {one.value}" for one in legend),
            drawn,
            ["part"],
            marks,
        ),
        top=charts.top_of(bar.height for bar in drawn),
        ticks=tuple(_bound(decade * DECADE - 1) for decade in range(first, last + 1)),
        end=_bound(end - 1),
        legend=legend,
        columns=(_("Time"), _("Attempts")),
        rows=tuple(
            (_between(index), formatting.number(count))
            for index, count in enumerate(counts)
            if count
        ),
        empty="" if histogram.count else _("No jobs ran in this period."),
    )


def histogram_sparkline(histogram: Histogram) -> SafeString:
    """Draw a histogram for a table row; all share one horizontal scale."""
    return charts.sparkline(_counts(histogram))


def _counts(histogram: Histogram) -> list[int]:
    """Return the counts, with those beyond the last bound added to the last bucket."""
    *counts, beyond = histogram.counts
    counts[-1] += beyond
    return counts


def _decades(histogram: Histogram) -> tuple[int, int]:
    filled = [index for index, count in enumerate(histogram.counts) if count]
    if not filled:
        return 0, 3
    most = len(BOUNDS) // DECADE - 1
    first, last = min(filled[0] // DECADE, most), min(filled[-1] // DECADE, most)
    # On fewer than three powers of ten, small differences would look large.
    last = min(most, max(last, first + 2))
    return min(first, last - 2), last


def _place(milliseconds: float) -> float:
    """Return the position of a duration, counted in buckets."""
    for index, bound in enumerate(BOUNDS):
        if milliseconds <= bound:
            low = BOUNDS[index - 1] if index else 0
            return index + (milliseconds - low) / (bound - low)
    return float(len(BOUNDS))


def _bound(index: int) -> str:
    return _round_span(BOUNDS[index]) if index >= 0 else "0"


def _between(index: int) -> str:
    return _("%(low)s to %(high)s") % {"low": _bound(index - 1), "high": _bound(index)}


def _round_span(milliseconds: int) -> str:
    """Return a bound with a single unit: "700 ms", "1.5 s", "2,000 s"."""
    if milliseconds < 1000:
        return formatting.duration(milliseconds)
    places = 0 if milliseconds % 1000 == 0 else 1
    return _("%(number)s s") % {
        "number": number_format(milliseconds / 1000, places, force_grouping=True)
    }
