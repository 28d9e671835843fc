"""Tables of aligned columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from django_jobs.management.formatting import printable

Cell: TypeAlias = str | int
GAP = "  "


def table_lines(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield the lines of a table; columns of numbers are right-aligned."""
    held = [tuple(row) for row in rows]
    numeric = [all(isinstance(cell, int) for cell in column) for column in zip(*held, strict=True)]
    texts = [tuple(headings), *(tuple(_text(cell) for cell in row) for row in held)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for line in texts:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric or [False] * len(line), strict=True)
        )
        yield GAP.join(cells).rstrip()


def _text(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) else printable(cell.replace("\n", " "))
