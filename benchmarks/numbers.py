"""Extracts numbers from the results of measures, with their medians and spread."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Spread:
    """Several values of the same number."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.values)

    def text(self, digits: int = 3) -> str:
        """Return the median with minimum and maximum, all shortened."""
        low, high = short(min(self.values), digits), short(max(self.values), digits)
        middle = short(self.median, digits)
        return middle if low == high else f"{middle} ({low}–{high})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that the given fraction of all values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def short(number: float, digits: int = 3) -> str:
    """Return a number with some significant digits, without an exponent."""
    if not number:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(number)))
    return f"{round(number, places):,.{max(0, places)}f}"


def numbers(figures: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of one run; a list of times becomes its percentiles."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        if isinstance(value, list):
            found |= {
                "p50_ms": percentile(value, 0.50),
                "p99_ms": percentile(value, 0.99),
                "max_ms": max(value),
                "early": sum(time < 0 for time in value),
            }
        elif isinstance(value, int | float):
            found[name] = value
    return found


def pooled(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the runs of one measure as one: all times together, other numbers as medians."""
    good = [run for run in runs if "error" not in run]
    together: dict[str, Any] = {}
    for name in good[0] if good else ():
        values = [run[name] for run in good if name in run]
        if isinstance(values[0], list):
            together[name] = sorted(time for times in values for time in times)
        else:
            together[name] = statistics.median(values)
    return together
