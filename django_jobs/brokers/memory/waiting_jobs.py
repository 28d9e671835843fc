"""The jobs in memory that wait for a slot of a limit."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from .ranking import FEW, Ranking
from .slots import Slots
from .stored_job import Place, StoredJob


@dataclass(slots=True)
class Waiters:
    """The jobs of one queue that wait for one key, by their places; outdated ones are skipped."""

    heap: list[tuple[Place, str]] = field(default_factory=list)
    count: int = 0


class WaitingJobs:
    """Jobs by the key for which they wait, and by queue; the caller holds the broker's lock.

    Nothing is woken by an event that could be missed: a key with jobs that wait and a free slot is
    listed for each of their queues, and a claim takes the first of these jobs straight from here.

    Args:
        entries: all jobs by their ids.
        slots: of the limits.
        wake: called with the name of a queue that may have a job to start.
    """

    def __init__(
        self, entries: Mapping[str, StoredJob], slots: Slots, wake: Callable[[str], None]
    ) -> None:
        self._entries = entries
        self._slots = slots
        self._wake = wake
        self._waiters: dict[str, dict[str, Waiters]] = {}
        self._by_queue: defaultdict[str, int] = defaultdict(int)
        self._open: defaultdict[str, Ranking] = defaultdict(Ranking)
        self._openings = Ranking()

    def keys(self, limit_id: str | None = None) -> list[str]:
        """Return the keys for which jobs wait, of one limit or of all."""
        prefix = f"{limit_id}:" if limit_id else ""
        return [key for key in self._waiters if key.startswith(prefix)]

    def count(self, key: str) -> int:
        """Return how many jobs wait for a key."""
        return sum(one.count for one in self._waiters.get(key, {}).values())

    def count_in(self, queue: str) -> int:
        """Return how many jobs of a queue wait for a key."""
        return self._by_queue.get(queue, 0)

    def first_ids(self, key: str, count: int) -> tuple[str, ...]:
        """Return the ids of the first jobs that wait for a key, by queue."""
        found: list[str] = []
        for queue, waiters in sorted(self._waiters.get(key, {}).items(), key=itemgetter(0)):
            found += (
                job_id
                for place, job_id in sorted(waiters.heap)
                if self._is_there(job_id, key, queue, place)
            )
        return tuple(found[:count])

    def any_of(self, queue: str) -> StoredJob | None:
        """Return one of the jobs of a queue that wait, and leave it here."""
        found = (self._first(key, queue) for key in self._waiters)
        return next(filter(None, found), None)

    def places(self) -> set[tuple[str, int | None, str]]:
        """Return where jobs are listed: key and queue together, place and id of each."""
        return {
            (f"{key} {queue}", place, job_id)
            for key, queues in self._waiters.items()
            for queue, waiters in queues.items()
            for place, job_id in waiters.heap
        }

    def forgotten(self, now: int) -> list[tuple[str, str]]:
        """Return keys and queues whose jobs nothing would start, although there is a free slot."""
        return [
            (key, queue)
            for key, queues in self._waiters.items()
            for queue in queues
            if self._slots.is_free(key, now) and not self._is_listed(key, queue)
        ]

    def _is_listed(self, key: str, queue: str) -> bool:
        is_open = queue in self._open and key in self._open[queue].noted
        return is_open or key in self._openings.noted

    # --- in and out --------------------------------------------------------------------------

    def add(self, entry: StoredJob, key: str, now: int) -> None:
        """Let a job wait for a slot of a key that has none free."""
        queue = entry.job.queue
        entry.waits_at = key
        waiters = self._waiters.setdefault(key, {}).setdefault(queue, Waiters())
        heapq.heappush(waiters.heap, (entry.place, entry.job.id))
        waiters.count += 1
        self._by_queue[queue] += 1
        if len(waiters.heap) > 2 * waiters.count + FEW:
            waiters.heap = sorted(
                (place, job_id)
                for place, job_id in waiters.heap
                if self._is_there(job_id, key, queue, place)
            )
        self._note_opening(key, now)

    def remove(self, entry: StoredJob) -> None:
        """Take out a job, which goes elsewhere."""
        key, queue = entry.waits_at or "", entry.job.queue
        entry.waits_at = None
        waiters = self._waiters[key][queue]
        waiters.count -= 1
        self._by_queue[queue] -= 1
        if not self._by_queue[queue]:
            del self._by_queue[queue]
        if not waiters.count:
            del self._waiters[key][queue]
            if queue in self._open:
                self._open[queue].discard(key)
        if not self._waiters[key]:
            del self._waiters[key]
            self._openings.discard(key)

    # --- what comes next ---------------------------------------------------------------------

    def first(self, queue: str, now: int) -> StoredJob | None:
        """Return the first job of a queue whose key has a free slot, and leave it here."""
        if queue not in self._open:
            return None
        listed = self._open[queue]
        while head := listed.first():
            place, key = head
            entry = self._first(key, queue)
            if entry and entry.place == place and self._slots.is_free(key, now):
                return entry
            listed.discard(key)
            if entry and self._slots.is_free(key, now):
                listed.add(entry.place, key)
            elif entry:
                self._note_opening(key, now)
        del self._open[queue]
        return None

    def _first(self, key: str, queue: str) -> StoredJob | None:
        waiters = self._waiters.get(key, {}).get(queue)
        while waiters and waiters.heap:
            place, job_id = waiters.heap[0]
            if self._is_there(job_id, key, queue, place):
                return self._entries[job_id]
            heapq.heappop(waiters.heap)
        return None

    def _is_there(self, job_id: str, key: str, queue: str, place: Place) -> bool:
        """Return whether a job waits for a key at a place, which may be outdated."""
        entry = self._entries.get(job_id)
        return entry is not None and (entry.waits_at, entry.job.queue, entry.place) == (
            *(key, queue),
            place,
        )

    def look_at(self, key: str, now: int) -> None:
        """List a key for each queue with jobs that wait for it, if it has a free slot by now."""
        if key not in self._waiters:
            return
        if not self._slots.is_free(key, now):
            self._note_opening(key, now)
            return
        self._openings.discard(key)
        for queue in self._waiters[key]:
            if entry := self._first(key, queue):
                self._open[queue].add(entry.place, key)
                self._wake(queue)

    # --- time --------------------------------------------------------------------------------

    def note_closed(self, key: str, now: int) -> None:
        """Note when time gives a key a slot of which a job has taken the last one."""
        if key in self._waiters and not self._slots.is_free(key, now):
            self._note_opening(key, now)

    def _note_opening(self, key: str, now: int) -> None:
        at = self._slots.opens_at(key, now)
        if at is not None:
            self._openings.add(at, key)

    def correct_openings(self, now: int) -> None:
        """Let starts count as of now that a clock noted which was ahead."""
        if self._slots.latest_start > now:
            for key in self._slots.correct_starts(now):
                if key in self._waiters:
                    self._note_opening(key, now)

    def look_at_due(self, now: int) -> None:
        """Look at the keys that time may have given free slots."""
        while key := self._openings.take_up_to(now):
            self.look_at(key, now)

    def opens_in(self, now: int) -> int | None:
        """Return milliseconds until there may be a job to start, or None."""
        head = self._openings.first()
        return max(0, head[0] - now) if head else None
