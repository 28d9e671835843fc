"""Draws jobs per second as bars, in SVG for light and dark themes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.numbers import short

WIDTH, LABELS, VALUES = 760, 240, 80
ROW, BAR, TOP, MARGIN = 26, 16, 44, 16

SVG = 'xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title about"'

STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .head { font-weight: 600; font-size: 14px; }
    .label { text-anchor: end; }
    .ours { font-weight: 600; }
    .value { fill: #59636e; }
    rect { fill: #b6bec9; rx: 2px; }
    rect.ours { fill: #0c7a5b; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .value { fill: #9198a1; }
      rect { fill: #4c545e; }
      rect.ours { fill: #3fb68b; }
    }
"""


@dataclass(frozen=True, slots=True)
class Bar:
    """One system's bar."""

    label: str
    value: float
    ours: bool


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Return a chart as SVG with one row per bar; the longest bar fills the width."""
    height = TOP + ROW * len(bars) + MARGIN
    longest = max((bar.value for bar in bars), default=1.0)
    told = "; ".join(f"{bar.label} {short(bar.value)}" for bar in bars)
    rows = [line for index, bar in enumerate(bars) for line in _row(index, bar, longest)]
    lines = [
        f'<svg {SVG} viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f'  <title id="title">{escape(title)}</title>',
        f'  <desc id="about">{escape(told)}</desc>',
        f"  <style>{STYLE}  </style>",
        f'  <text class="head" x="{MARGIN}" y="26">{escape(title)}</text>',
        *rows,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _row(index: int, bar: Bar, longest: float) -> list[str]:
    top = TOP + ROW * index
    length = max(1.0, (WIDTH - LABELS - VALUES - MARGIN) * bar.value / longest)
    kind, baseline, end = "ours" if bar.ours else "other", top + BAR - 3, LABELS + length + 8
    left = f'class="{kind} label" x="{LABELS - 10}"'
    return [
        f'  <text {left} y="{baseline}">{escape(bar.label)}</text>',
        f'  <rect class="{kind}" x="{LABELS}" y="{top}" width="{length:.1f}" height="{BAR}"/>',
        f'  <text class="value" x="{end:.1f}" y="{baseline}">{short(bar.value)}</text>',
    ]
