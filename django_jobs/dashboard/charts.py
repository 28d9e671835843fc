"""Charts as SVG, drawn here, so that they need no script and hold under any policy.

A drawing is stretched to the room that it gets, so it holds no text but what is read out or shown
under the pointer; what stands around it is HTML. Its looks come from the style sheet, by class.
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
    """One bar, whose parts stand upon each other.

    Attributes:
        parts: how high each is, the lowest first.
        hint: what is shown under the pointer.
    """

    parts: tuple[float, ...]
    hint: str

    @property
    def height(self) -> float:
        return sum(self.parts)


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across a chart from top to bottom, at a place counted in bars."""

    look: str
    at: float


def top_of(values: Iterable[float]) -> int:
    """Return the next round number with a whole half, which all values stay below."""
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
    """Draw bars side by side.

    Args:
        name: unique on its page, for the ids of title and description.
        looks: class of each part of a bar.
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
    """Draw small bars for a line of text, which says the same to those who hear the page."""
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
    """Return the outline of one part of all bars: one path is smaller than a hundred shapes.

    What is there at all is high enough to be seen.
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
