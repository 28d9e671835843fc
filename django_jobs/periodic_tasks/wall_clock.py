"""Converts wall-clock times of a zone to UTC and back, also around offset changes."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

SECOND = timedelta(seconds=1)


def to_wall_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return the wall-clock time of a zone at an instant: naive, in whole seconds."""
    return instant.astimezone(zone).replace(tzinfo=None, microsecond=0, fold=0)


def from_wall_time(wall: datetime, zone: tzinfo, *, fold: int = 0) -> datetime:
    """Return the UTC time at which the clocks of a zone show a wall-clock time.

    Args:
        fold: 1 for the second occurrence of a repeated time.
    """
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class OffsetChange:
    """A change of a zone's offset, which skips or repeats some wall-clock times.

    Attributes:
        instant: the first moment of the new offset, in UTC.
        before: the wall-clock time at that moment by the old offset.
        after: the wall-clock time at that moment by the new offset.
    """

    instant: datetime
    before: datetime
    after: datetime

    @property
    def skips(self) -> bool:
        return self.before < self.after

    @property
    def start(self) -> datetime:
        """The first wall-clock time that is skipped or repeated."""
        return min(self.before, self.after)

    @property
    def end(self) -> datetime:
        """The first wall-clock time after those that are skipped or repeated."""
        return max(self.before, self.after)


def shift_at(wall: datetime, zone: tzinfo) -> OffsetChange | None:
    """Return the offset change that skips or repeats a wall-clock time, or None.

    Args:
        wall: naive, in whole seconds.
    """
    before = _offset(wall.replace(tzinfo=zone, fold=0))
    after = _offset(wall.replace(tzinfo=zone, fold=1))
    if before == after:
        return None
    # The zoneinfo module does not say when an offset changes. But the two readings of such a
    # wall-clock time lie on both sides of the change, so a bisection finds it.
    low, high = sorted((wall - before, wall - after))
    seconds = range((high - low) // SECOND + 1)

    def is_after(passed: int) -> bool:
        instant = (low + passed * SECOND).replace(tzinfo=UTC)
        return _offset(instant.astimezone(zone)) == after

    instant = low + bisect_left(seconds, True, key=is_after) * SECOND
    return OffsetChange(instant.replace(tzinfo=UTC), instant + before, instant + after)


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()
