"""Draws charts as SVG, so that they need no script and work under any content security policy.

A chart is stretched to the space available, so it contains no text except titles for screen readers
and tooltips; axes and legends are HTML. The style sheet sets its colours by class.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

HEIGHT = 100
STEP = 10
GAP = 1
LEAST = 1.5
GRID = (0, HEIGHT // 2, HEIGHT)
TOPS = (1, 2, 4, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stacked bar.

    Attributes:
        parts: the height of each part, from the bottom up.
        hint: the tooltip.
    """

    parts: tuple[float, ...]
    hint: str

    @property
    def height(self) -> float:
        return sum(self.parts)


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line, at a position counted in bars."""

    look: str
    at: float


def top_of(values: Iterable[float]) -> int:
    """Return an even, round number that no value exceeds, for the top of the axis."""
    most = max(values, default=0)
    if most <= 2:
        return 2
    power = int(10 ** math.floor(math.log10(most)))
    return next(step * power for step in TOPS if step * power >= most)


def bars(
    name: str,
    title: str,
    description: str,
    shown: Sequence[Bar],
    looks: Sequence[str],
    marks: Sequence[Mark] = (),
) -> SafeString:
    """Draw a bar chart.

    Args:
        name: unique on the page, for the ids of title and description.
        looks: the CSS class of each part of a bar.
    """
    width = max(1, len(shown)) * STEP
    top = top_of(bar.height for bar in shown)
    inside = (
        format_html_join("", '<path class="grid" d="M0 {}H{}"/>', ((at, width) for at in GRID)),
        format_html_join("", '<path class="{}" d="{}"/>', _layers(shown, looks, top)),
        format_html_join(
            "",
            '<path class="mark {}" d="M{} 0V{}"/>',
            ((mark.look, _short(mark.at * STEP), HEIGHT) for mark in marks),
        ),
        format_html_join(
            "",
            '<rect x="{}" width="{}" height="{}"><title>{}</title></rect>',
            ((index * STEP, STEP, HEIGHT, bar.hint) for index, bar in enumerate(shown)),
        ),
    )
    return format_html(
        '<svg class="chart" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img"'
        ' aria-labelledby="{name}-title {name}-text"><title id="{name}-title">{title}</title>'
        '<desc id="{name}-text">{text}</desc>{inside}</svg>',
        width=width,
        height=HEIGHT,
        name=name,
        title=title,
        text=description,
        inside=format_html_join("", "{}", ((part,) for part in inside)),
    )


def sparkline(values: Sequence[float]) -> SafeString:
    """Draw a bar chart for a line of text, hidden from screen readers."""
    path = _outline(values, [0.0] * len(values), max(values, default=0) or 1)
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="{}"/></svg>',
        *(max(1, len(values)) * STEP, HEIGHT, path),
    )


def _layers(shown: Sequence[Bar], looks: Sequence[str], top: float) -> Iterator[tuple[str, str]]:
    below = [0.0] * len(shown)
    for index, look in enumerate(looks):
        values = [bar.parts[index] for bar in shown]
        yield look, _outline(values, below, top)
        below = [start + value for start, value in zip(below, values, strict=True)]


def _outline(values: Sequence[float], below: Sequence[float], top: float) -> str:
    """Return one part of all bars as a single path, which is smaller than a shape for each.

    Values above zero get at least the height `LEAST`, so that they are visible.
    """
    pieces = []
    for number, (value, start) in enumerate(zip(values, below, strict=True)):
        if value:
            low = HEIGHT * (1 - start / top)
            high = min(HEIGHT * (1 - (start + value) / top), low - LEAST)
            left, width = number * STEP + GAP, STEP - 2 * GAP
            pieces.append(f"M{left} {_short(low)}V{_short(high)}h{width}V{_short(low)}z")
    return "".join(pieces)


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
