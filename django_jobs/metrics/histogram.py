"""How long things took, as counts in buckets whose bounds are the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = (1, 1.5, 2, 3, 5, 7)
"""Bounds in each power of ten: about the same ratio apart, and numbers that people can read."""

BOUNDS = tuple(
    sorted({round(step * 10**power) for power in range(7) for step in STEPS} | {10_000_000})
)
"""Upper bounds of the buckets in milliseconds, from 1 ms to nearly three hours; one more bucket has
what took longer."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of what took at most so long, and longer than the bound before.

    Attributes:
        counts: for each of the `BOUNDS`, and for what took longer than the last.
        total: milliseconds of all together.
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
        """Return the milliseconds that this share of all stayed within, or None without any.

        Inside of a bucket the times count as spread evenly. What is beyond the last bound counts
        as that bound.

        Args:
            share: from 0 to 1.
        """
        wanted = share * self.count
        below = 0
        for index, count in enumerate(self.counts[:-1]):
            if count and below + count >= wanted:
                low = BOUNDS[index - 1] if index else 0
                return low + (BOUNDS[index] - low) * (wanted - below) / count
            below += count
        return float(BOUNDS[-1]) if self.count else None
