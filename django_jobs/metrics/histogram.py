"""Histograms of times, all with the same bucket bounds."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = (1, 1.5, 2, 3, 5, 7)
"""The bounds within each power of ten: readable numbers, at about equal ratios."""

BOUNDS = tuple(
    sorted({round(step * 10**power) for power in range(7) for step in STEPS} | {10_000_000})
)
"""Upper bounds of the buckets in milliseconds, from 1 ms to nearly three hours. One more bucket
counts longer times."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many times fell into each bucket.

    Attributes:
        counts: one for each of the `BOUNDS`, and one for longer times.
        total: the sum of the times in milliseconds.
    """

    counts: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    total: int = 0

    @property
    def count(self) -> int:
        return sum(self.counts)

    def __add__(self, other: Histogram) -> Histogram:
        counts = tuple(one + more for one, more in zip(self.counts, other.counts, strict=True))
        return Histogram(counts, self.total + other.total)

    def quantile(self, share: float) -> float | None:
        """Return a quantile in milliseconds, or None if nothing was counted.

        Within a bucket, times are assumed to be spread evenly. Times above the last bound count as
        that bound.

        Args:
            share: from 0 to 1, such as 0.95.
        """
        wanted = share * self.count
        below = 0
        for index, count in enumerate(self.counts[:-1]):
            if count and below + count >= wanted:
                low = BOUNDS[index - 1] if index else 0
                return low + (BOUNDS[index] - low) * (wanted - below) / count
            below += count
        return float(BOUNDS[-1]) if self.count else None
