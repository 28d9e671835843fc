"""Finds the number of jobs for a run of a given duration."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.stage import Figures, Stage

SHORTEST, LONGEST = 300, 400_000
"""How many jobs one run has at least and at most."""

LONG_ENOUGH = 0.5
"""A run counts when it took this share of the wished seconds; else a longer one follows."""


def sized(stage: Stage, measure: str, seconds: float, run: Callable[[int], Figures]) -> Figures:
    """Repeat a run with more jobs until it is long enough; later rounds start from there.

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
