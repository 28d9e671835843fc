"""Finds the number of jobs for a run of a given duration."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.stage import Figures, Stage

SHORTEST, LONGEST = 300, 400_000
"""The least and the greatest number of jobs in a run."""

LONG_ENOUGH = 0.5
"""A run counts if it takes this fraction of the requested time; otherwise a longer one follows."""


def sized(stage: Stage, measure: str, seconds: float, run: Callable[[int], Figures]) -> Figures:
    """Repeat a run with more jobs until it is long enough. Later rounds start from that size.

    Args:
        stage: remembers the size.
        measure: its name.
        seconds: how long the run should last.
        run: takes the number of jobs; what it returns has `rate` and `seconds`.
    """
    count = stage.sizes.get(measure, SHORTEST)
    while True:
        figures = run(count)
        if figures["seconds"] >= seconds * LONG_ENOUGH or count == LONGEST:
            return figures
        count = min(max(2 * count, int(figures["rate"] * seconds)), LONGEST)
        stage.sizes[measure] = count
