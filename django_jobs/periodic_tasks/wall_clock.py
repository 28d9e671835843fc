"""The instants that wall-clock times of a zone name, also where the zone's offset changes."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

SECOND = timedelta(seconds=1)


def to_wall_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks of a zone show at an instant, without a zone, in whole seconds."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0, fold=0)


def from_wall_time(wall: datetime, zone: tzinfo, *, fold: int = 0) -> datetime:
    """Return the UTC instant at which the clocks of a zone show a wall-clock time.

    Args:
        fold: 1 for the second time that a repeated wall-clock time is shown.
    """
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """A change of a zone's offset: its clocks skip some wall-clock times, or show them twice.

    Attributes:
        instant: the first moment of the new offset, in UTC.
        before: what the clocks would show at that moment without the change.
        after: what they show.
    """

    instant: datetime
    before: datetime
    after: datetime

    @property
    def skips(self) -> bool:
        return self.before < self.after

    @property
    def start(self) -> datetime:
        """The first wall-clock time that is skipped or shown twice."""
        return min(self.before, self.after)

    @property
    def end(self) -> datetime:
        """The first wall-clock time after those that are skipped or shown twice."""
        return max(self.before, self.after)


def shift_at(wall: datetime, zone: tzinfo) -> OffsetChange | None:
    """Return the shift that skips or repeats a wall-clock time; None if that is shown once.

    Args:
        wall: without a zone, in whole seconds.
    """
    before = _offset(wall.replace(tzinfo=zone, fold=0))
    after = _offset(wall.replace(tzinfo=zone, fold=1))
    if before == after:
        return None
    # The time zone database has no door that tells when an offset changes. But the two readings
    # of such a wall-clock time lie on both sides of the change, so a bisection finds it.
    low, high = sorted((wall - before, wall - after))
    seconds = range((high - low) // SECOND + 1)

    def is_after(passed: int) -> bool:
        instant = (low + passed * SECOND).replace(tzinfo=UTC)
        return _offset(instant.astimezone(zone)) == after

    instant = low + bisect_left(seconds, True, key=is_after) * SECOND
    return OffsetChange(instant.replace(tzinfo=UTC), instant + before, instant + after)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()
