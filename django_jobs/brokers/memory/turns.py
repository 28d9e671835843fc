"""The turns of fair keys in memory; `docs/explanation/relations.md` says the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django_jobs.brokers.constants import (
    FAIR_STEP,
    FIRST_TURN,
    HIGHEST_PRIORITY,
    PRIORITY_STEP,
)
from django_jobs.brokers.inspection.base import FairKey
from django_jobs.jobs.records import Job, Turn

from .stored_job import Place

NOBODY = Turn("")
"""What jobs without a fair key share in a queue with turns."""

FEW = 100
"""Keys whose turns are over that are not worth a tidying up."""


def is_turn(place: Place) -> bool:
    """Return whether a place is a turn, and not in the order of arrivals."""
    return place % PRIORITY_STEP >= FIRST_TURN


class Band:
    """The turns within one priority of a queue.

    Args:
        number: 0 for the highest priority.

    Attributes:
        claimed: the last place that was claimed.
        last: the last place that each key was given.
        waiting: how many queued or waiting jobs have a turn in the band.
    """

    def __init__(self, number: int) -> None:
        self.priority = HIGHEST_PRIORITY - number
        self.claimed = number * PRIORITY_STEP + FIRST_TURN
        self.last: dict[str, Place] = {}
        self.waiting = 0
        self._end = (number + 1) * PRIORITY_STEP - 1
        self._many = FEW

    def next_place(self, turn: Turn) -> Place:
        step = (FAIR_STEP + turn.weight // 2) // turn.weight
        place = self.last[turn.key] = min(self._start(turn.key) + step, self._end)
        return place

    def _start(self, key: str) -> Place:
        # From just before the last claimed place, so that of each other key only one job stands
        # before a new one: there may be one at that same place, and the next at the step's end.
        newcomer = self.claimed - 1
        if not self.waiting:
            return newcomer
        return min(max(newcomer, self.last.get(key, 0)), self.claimed + self.waiting * FAIR_STEP)

    def claim(self, place: Place) -> None:
        """Note that a place was claimed, and forget keys whose turns are over: they begin again."""
        self.claimed = max(self.claimed, place)
        if len(self.last) > self._many:
            self.last = {key: last for key, last in self.last.items() if last >= self.claimed}
            self._many = 2 * len(self.last) + FEW

    def lines(self) -> Iterator[FairKey]:
        """Yield the keys that have turns ahead of them."""
        for key, last in self.last.items():
            ahead = min(last - self.claimed, self.waiting * FAIR_STEP)
            if ahead > 0:
                yield FairKey(key, self.priority, -(-ahead // FAIR_STEP))


class Turns:
    """The turns of all queues that have some. Not locked: its owner does that."""

    def __init__(self) -> None:
        self._bands: defaultdict[str, dict[int, Band]] = defaultdict(dict)

    def has(self, queue: str) -> bool:
        return queue in self._bands

    def bands(self, queue: str) -> list[Band]:
        """Return the bands of a queue."""
        return list(self._bands.get(queue, {}).values())

    def next_place(self, job: Job, waiting: int) -> Place | None:
        """Return the place at the end of the turns of a job's key, None in a queue without turns.

        Args:
            waiting: how many jobs are in the queue.
        """
        if not waiting:
            self.forget(job.queue)
        if job.turn is None and not self.has(job.queue):
            return None
        return self._band(job.queue, HIGHEST_PRIORITY - job.priority).next_place(job.turn or NOBODY)

    def place_again(self, queue: str, place: Place) -> Place:
        """Return the place of a job that was claimed and goes back to its queue."""
        return min(place, self._band_of(queue, place).claimed) if is_turn(place) else place

    def count(self, queue: str, place: Place, number: int) -> None:
        """Note that a job waits at a place, or with -1 that it waits there no longer."""
        if is_turn(place):
            self._band_of(queue, place).waiting += number

    def claim(self, queue: str, place: Place) -> None:
        """Note that the job at a place was claimed."""
        if is_turn(place):
            self._band_of(queue, place).claim(place)

    def forget(self, queue: str) -> None:
        """Forget the turns of an empty queue."""
        self._bands.pop(queue, None)

    def forget_empty_bands(self, queue: str) -> None:
        """Forget the turns of the priorities of a queue that have no jobs."""
        if not self.has(queue):
            return
        kept = {number: band for number, band in self._bands[queue].items() if band.waiting}
        if kept:
            self._bands[queue] = kept
        else:
            self.forget(queue)

    def forget_counts(self) -> None:
        """Forget how many jobs wait, before they are counted again."""
        for bands in self._bands.values():
            for band in bands.values():
                band.waiting = 0

    def _band_of(self, queue: str, place: Place) -> Band:
        return self._band(queue, place // PRIORITY_STEP)

    def _band(self, queue: str, number: int) -> Band:
        bands = self._bands[queue]
        if number not in bands:
            bands[number] = Band(number)
        return bands[number]
