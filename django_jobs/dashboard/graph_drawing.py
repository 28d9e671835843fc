"""Draws a graph as SVG, which needs no script and works under any content security policy.

Screen readers skip it, and so does the keyboard: the tables below it have the same facts and links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .graph_boxes import Box, Graph, Line
from .graph_layout import BOX_HEIGHT, BOX_WIDTH, COLUMN_GAP, Point, place
from .icons import ICONS
from .states import BADGES

LONGEST_NAME = 18
"""Letters of a name that a box has room for."""

ARROW = 5


def draw(graph: Graph) -> SafeString:
    """Draw a graph that can be drawn."""
    columns = [box.column for box in graph.boxes]
    layout = place(columns, [(line.source, line.target) for line in graph.lines])
    size = {"width": _short(layout.width), "height": _short(layout.height)}
    return format_html(
        '<svg class="graph" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' aria-hidden="true">{lines}{boxes}</svg>',
        **size,
        lines=format_html_join("", '<path class="{}" d="{}"/>', _paths(graph.lines, layout.lines)),
        boxes=format_html_join(
            "", "{}", ((_box(*one),) for one in zip(graph.boxes, layout.corners, strict=True))
        ),
    )


def _paths(lines: Sequence[Line], points: Sequence[Sequence[Point]]) -> Iterator[tuple[str, str]]:
    """Yield one path for all lines of a look, then one for their arrows, which have no dashes."""
    paths: dict[tuple[bool, bool], list[Sequence[Point]]] = {}
    for line, on_its_way in zip(lines, points, strict=True):
        paths.setdefault((line.has_failed, line.is_end), []).append(on_its_way)
    for (has_failed, is_end), ways in sorted(paths.items()):
        look = "line failed" if has_failed else "line"
        yield f"{look} end" if is_end else look, "".join(map(_curve, ways))
        yield look, "".join(_arrow(way[-1]) for way in ways)


def _curve(points: Sequence[Point]) -> str:
    """Return a line that is level at each of its points."""
    pieces = [f"M{_short(points[0].x)} {_short(points[0].y)}"]
    for one, other in pairwise(points):
        if one.y == other.y:
            pieces.append(f"H{_short(other.x)}")
            continue
        bend = min(COLUMN_GAP, other.x - one.x) / 2
        start, end = f"{_short(one.x + bend)} {_short(one.y)}", f"{_short(other.x - bend)}"
        pieces.append(f"C{start} {end} {_short(other.y)} {_short(other.x)} {_short(other.y)}")
    return "".join(pieces)


def _arrow(tip: Point) -> str:
    return f"M{_short(tip.x - ARROW)} {_short(tip.y - ARROW)}l{ARROW} {ARROW}l-{ARROW} {ARROW}"


def _box(box: Box, corner: Point) -> SafeString:
    icon, label = BADGES[box.state]
    return format_html(
        '<a class="box {state}" href="{address}" tabindex="-1"'
        ' transform="translate({x} {y})"><title>{title}</title>'
        '<rect width="{width}" height="{height}" rx="8"/>'
        '<text class="name" x="12" y="22">{name}</text>'
        '<path class="sign" transform="translate(11 31) scale(.6)" d="{icon}"/>'
        '<text class="state" x="30" y="42">{label}</text>'
        '<text class="note" x="{right}" y="42">{note}</text></a>',
        state=box.state.value,
        address=box.address,
        x=_short(corner.x),
        y=_short(corner.y),
        title=box.title,
        width=BOX_WIDTH,
        height=BOX_HEIGHT,
        name=_fitting(box.name),
        icon=ICONS[icon],
        label=label,
        right=BOX_WIDTH - 12,
        note=box.note,
    )


def _fitting(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _short(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
