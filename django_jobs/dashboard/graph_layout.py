"""Places the boxes of a graph in columns, and leads its lines around them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, TypeAlias

BOX_WIDTH, BOX_HEIGHT = 164, 54
COLUMN_GAP, ROW_GAP = 40, 14
LANE_HEIGHT = 8
"""What a line takes of a column that it passes between boxes."""

MARGIN = 8
SWEEPS = 4
"""How often the columns are sorted by what they are joined with, forwards and back."""

Slot: TypeAlias = tuple[int, int]
"""A place in a column: (−1, box), or (line, column) where a line passes."""


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is.

    Attributes:
        corners: the upper left corner of each box.
        lines: the points of each line: from the right side of a box to the left side of another
            one, and on both sides of the columns that it passes.
    """

    width: float
    height: float
    corners: tuple[Point, ...]
    lines: tuple[tuple[Point, ...], ...]


def place(columns: Sequence[int], lines: Sequence[tuple[int, int]]) -> Layout:
    """Place boxes.

    Args:
        columns: the column of each box, from 0.
        lines: from which box to which; each leads to a later column.
    """
    routes = [_route(columns, number, line) for number, line in enumerate(lines)]
    slots = _sorted_slots(columns, routes)
    height = max((_height(column) for column in slots), default=0.0)
    centres = {
        slot: middle
        for column in slots
        for slot, middle in _middles(column, MARGIN + (height - _height(column)) / 2)
    }
    corners = [
        Point(_left(column), centres[-1, box] - BOX_HEIGHT / 2)
        for box, column in enumerate(columns)
    ]
    return Layout(
        width=_left(len(slots) - 1) + BOX_WIDTH + MARGIN,
        height=height + 2 * MARGIN,
        corners=tuple(corners),
        lines=tuple(tuple(_points(columns, route, centres)) for route in routes),
    )


def _left(column: int) -> float:
    return MARGIN + column * (BOX_WIDTH + COLUMN_GAP)


def _route(columns: Sequence[int], number: int, line: tuple[int, int]) -> list[Slot]:
    """Return the slots through which a line leads, with those of its boxes."""
    source, target = line
    passed = range(columns[source] + 1, columns[target])
    return [(-1, source), *((number, column) for column in passed), (-1, target)]


def _sorted_slots(columns: Sequence[int], routes: Sequence[list[Slot]]) -> list[list[Slot]]:
    """Return the slots of each column, sorted so that few lines cross."""
    slots: list[list[Slot]] = [[] for _ in range(max(columns, default=-1) + 1)]
    for box, column in enumerate(columns):
        slots[column].append((-1, box))
    before: defaultdict[Slot, list[Slot]] = defaultdict(list)
    behind: defaultdict[Slot, list[Slot]] = defaultdict(list)
    for route in routes:
        for line, column in route[1:-1]:
            slots[column].append((line, column))
        for one, other in pairwise(route):
            before[other].append(one)
            behind[one].append(other)
    for sweep in range(SWEEPS):
        is_forward = sweep % 2 == 0
        _sort(slots if is_forward else slots[::-1], before if is_forward else behind)
    return slots


def _sort(slots: Iterable[list[Slot]], joined: Mapping[Slot, Sequence[Slot]]) -> None:
    """Sort each column by the middle of what its slots are joined with in columns seen before."""
    places: dict[Slot, float] = {}
    for column in slots:
        middles = {slot: (index + 0.5) / len(column) for index, slot in enumerate(column)}
        for slot in column:
            others = [places[other] for other in joined.get(slot, ()) if other in places]
            if others:
                middles[slot] = sum(others) / len(others)
        column.sort(key=middles.__getitem__)
        places |= {slot: (index + 0.5) / len(column) for index, slot in enumerate(column)}


def _size(slot: Slot) -> int:
    return BOX_HEIGHT if slot[0] < 0 else LANE_HEIGHT


def _height(column: Sequence[Slot]) -> float:
    return sum(map(_size, column)) + ROW_GAP * (len(column) - 1)


def _middles(column: Iterable[Slot], top: float) -> Iterable[tuple[Slot, float]]:
    for slot in column:
        size = _size(slot)
        yield slot, top + size / 2
        top += size + ROW_GAP


def _points(
    columns: Sequence[int], route: Sequence[Slot], centres: Mapping[Slot, float]
) -> Iterable[Point]:
    first, *passed, last = route
    yield Point(_left(columns[first[1]]) + BOX_WIDTH, centres[first])
    for slot in passed:
        yield Point(_left(slot[1]), centres[slot])
        yield Point(_left(slot[1]) + BOX_WIDTH, centres[slot])
    yield Point(_left(columns[last[1]]), centres[last])
