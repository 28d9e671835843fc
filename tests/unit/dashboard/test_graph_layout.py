"""Where the boxes and lines of a graph are."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from django_jobs.dashboard.graph_layout import BOX_HEIGHT, BOX_WIDTH, Layout, Point, place

Shape = tuple[list[int], list[tuple[int, int]]]


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """Columns of boxes, and lines that lead to later columns."""
    columns = draw(st.lists(st.integers(0, 4), min_size=1, max_size=12))
    possible = [
        (one, other)
        for one in range(len(columns))
        for other in range(len(columns))
        if columns[one] < columns[other]
    ]
    lines = draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    return columns, lines


def overlap(one: Point, other: Point) -> bool:
    return abs(one.x - other.x) < BOX_WIDTH and abs(one.y - other.y) < BOX_HEIGHT


def is_within(layout: Layout, point: Point) -> bool:
    return 0 <= point.x <= layout.width and 0 <= point.y <= layout.height


@given(shapes())
def test_no_box_covers_another_one_and_all_are_within_the_drawing(shape: Shape) -> None:
    layout = place(*shape)

    assert not any(overlap(one, other) for one, other in combinations(layout.corners, 2))
    for corner in layout.corners:
        assert is_within(layout, corner)
        assert is_within(layout, Point(corner.x + BOX_WIDTH, corner.y + BOX_HEIGHT))


@given(shapes())
def test_lines_lead_from_box_to_box_and_around_all_others(shape: Shape) -> None:
    columns, lines = shape
    layout = place(columns, lines)

    for (source, target), points in zip(lines, layout.lines, strict=True):
        start, end = layout.corners[source], layout.corners[target]
        assert points[0] == (start.x + BOX_WIDTH, start.y + BOX_HEIGHT / 2)
        assert points[-1] == (end.x, end.y + BOX_HEIGHT / 2)
        for one, other in list(pairwise(points))[1::2]:  # through a column
            assert one.y == other.y
            for corner in layout.corners:
                is_in_column = one.x <= corner.x < other.x
                assert not is_in_column or not corner.y <= one.y <= corner.y + BOX_HEIGHT


def test_a_chain_is_a_straight_line() -> None:
    layout = place([0, 1, 2], [(0, 1), (1, 2)])

    assert len({corner.y for corner in layout.corners}) == 1
    assert [corner.x for corner in layout.corners] == sorted(corner.x for corner in layout.corners)


def test_lines_do_not_cross_where_they_need_not() -> None:
    layout = place([0, 0, 1, 1], [(0, 3), (1, 2)])

    first, second, third, fourth = layout.corners
    assert (first.y < second.y) == (fourth.y < third.y)


def test_a_graph_without_lines_is_one_column() -> None:
    layout = place([0, 0, 0], [])

    assert len({corner.x for corner in layout.corners}) == 1
