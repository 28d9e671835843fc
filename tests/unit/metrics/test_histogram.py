"""Histograms are added up, and say what most things stayed within."""

from __future__ import annotations

from itertools import pairwise

import pytest

from django_jobs.metrics.histogram import BOUNDS, Histogram


def of(**counts: int) -> Histogram:
    """A histogram by bounds: `of(b10=2)`."""
    wanted = {int(name[1:]): count for name, count in counts.items()}
    buckets = [wanted.pop(bound, 0) for bound in BOUNDS]
    return Histogram((*buckets, wanted.pop(0, 0)))


def test_bounds_are_whole_and_about_the_same_ratio_apart() -> None:
    assert BOUNDS[:9] == (1, 2, 3, 5, 7, 10, 15, 20, 30)
    assert BOUNDS[-3:] == (5_000_000, 7_000_000, 10_000_000)
    assert all(1.3 <= high / low <= 2 for low, high in pairwise(BOUNDS))


def test_histograms_add_up() -> None:
    both = Histogram(of(b10=1).counts, 8) + Histogram(of(b10=2, b0=1).counts, 4)
    assert both == Histogram(of(b10=3, b0=1).counts, 12)
    assert both.count == 4


@pytest.mark.parametrize(
    ("histogram", "share", "milliseconds"),
    [
        (Histogram(), 0.5, None),
        (of(b10=1), 1.0, 10.0),
        (of(b10=2), 0.5, 8.5),
        (of(b1=4), 0.5, 0.5),
        (of(b10=99, b1000=1), 0.5, 7 + 3 * 50 / 99),
        (of(b10=99, b1000=1), 0.99, 10.0),
        (of(b10=90, b1000=10), 0.95, 850.0),
        (of(b0=3), 0.5, 10_000_000.0),
        (of(b10=1, b0=3), 0.99, 10_000_000.0),
    ],
)
def test_a_quantile_is_spread_evenly_inside_of_its_bucket(
    histogram: Histogram, share: float, milliseconds: float | None
) -> None:
    assert histogram.quantile(share) == pytest.approx(milliseconds)
