"""The indexes of the jobs in memory: each job stands in exactly one."""

from __future__ import annotations

import heapq
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Set

from django_jobs.brokers.constants import (
    BEHIND_ALL,
    HIGHEST_PRIORITY,
    KEPT,
    KEPT_MS,
    LINED_UP,
    NO_DUE_TIME,
    PRIORITY_STEP,
    QUEUE_KEPT_MS,
)
from django_jobs.jobs.records import Job, State

from .heaps import tidy_up
from .stored_job import Place, StoredJob
from .turns import Turns, is_turn

SUCCEEDED_KEPT = 10_000
"""Fewer than in Redis, as they take the web process's own memory."""

LIMITS = {**KEPT, State.SUCCEEDED: SUCCEEDED_KEPT}


class Indexes:
    """Entries by id, by state, by queue and by time. Not locked: its owner does that.

    The heaps drop entries lazily: what is popped counts only if the entry still says the same.
    """

    def __init__(self) -> None:
        self.entries: dict[str, StoredJob] = {}
        # A dict of thousands that loses its first item again and again looks for it ever longer.
        self.members: dict[State, OrderedDict[str, StoredJob]] = {
            state: OrderedDict() for state in State
        }
        self.queues: dict[str, list[tuple[Place, str]]] = {}
        self.sizes: defaultdict[str, int] = defaultdict(int)
        self.held_up: defaultdict[str, int] = defaultdict(int)
        self.idle: dict[str, int] = {}
        self._waiting = [self.members[state] for state in State if state.is_waiting]
        self._ended = [self.members[state] for state in State if state.is_final]
        self.due: list[tuple[int, str]] = []
        self.expiries: list[tuple[int, str]] = []
        self.turns = Turns()
        self._arrivals = 0

    @property
    def waiting(self) -> int:
        """How many jobs wait for their start, in all queues together."""
        return sum(map(len, self._waiting))

    # --- the ways of an entry ----------------------------------------------------------------

    def add(self, job: Job, now: int) -> None:
        entry = self.entries[job.id] = StoredJob(job)
        self.queues.setdefault(job.queue, [])
        self.idle.pop(job.queue, None)
        if job.run_at is not None and job.run_at > now:
            self.wait_until(entry, State.SCHEDULED, job.run_at)
        else:
            self._arrive(entry, now)

    def hold_back(self, entry: StoredJob) -> None:
        """Let an entry wait for other jobs."""
        if entry.job.id in self.entries:
            self._leave(entry)
        self.entries[entry.job.id] = entry
        self.queues.setdefault(entry.job.queue, [])
        self.idle.pop(entry.job.queue, None)
        self._arrivals += 1
        entry.place = BEHIND_ALL + self._arrivals
        self._enter(entry, State.WAITING)

    def adopt(self, entry: StoredJob, now: int) -> None:
        """Add an entry with a history."""
        self.entries[entry.job.id] = entry
        self.queues.setdefault(entry.job.queue, [])
        if entry.state in LINED_UP:
            self._arrive(entry, entry.queued_at or now)
        else:
            self.wait_until(entry, entry.state, entry.due_at or now)

    def change_queue(self, entry: StoredJob, queue: str) -> None:
        """Put a waiting entry into another queue, at the same place if neither has turns."""
        if entry.state not in LINED_UP:
            entry.job = entry.job._replace(queue=queue)
            return
        self._leave(entry)
        entry.job = entry.job._replace(queue=queue)
        if is_turn(entry.place) or self.turns.has(queue):
            self._arrive(entry, entry.queued_at)
        else:
            self._line_up(entry)

    def move(self, entry: StoredJob, state: State) -> None:
        """Take an entry out of the index of its state and put it into another's."""
        self._leave(entry)
        self._enter(entry, state)

    def enqueue(self, entry: StoredJob, since: int) -> None:
        """Put an entry that could have started since a time at the end of its priority's line."""
        self._leave(entry)
        self._arrive(entry, since)

    def put_back(self, entry: StoredJob) -> None:
        """Put an entry that was claimed at the place in its queue that it had before."""
        self._leave(entry)
        entry.place = self.turns.place_again(entry.job.queue, entry.place)
        self._line_up(entry)

    def leave_there(self, entry: StoredJob) -> None:
        """Leave an entry in its queue that `pop` has returned."""
        heapq.heappush(self.queues[entry.job.queue], (entry.place, entry.job.id))

    def defer(self, entry: StoredJob, state: State, due_at: int) -> None:
        self._leave(entry)
        self.wait_until(entry, state, due_at)

    def end(self, entry: StoredJob, state: State, now: int) -> None:
        """Move an entry to a final state, and note when it is forgotten."""
        if not KEPT_MS.get(state, entry.job.result_ttl):
            self.remove(entry)
            return
        self.end_for_now(entry, state, now)
        self.keep_for_its_time(entry, now)
        ended = sum(map(len, self._ended))
        tidy_up(self.expiries, ended, lambda one: self._is_forgotten_at(one[1], one[0]))

    def end_for_now(self, entry: StoredJob, state: State, now: int) -> None:
        """Move an entry to a final state; somebody else notes when it is forgotten."""
        self.move(entry, state)
        entry.due_at = None
        entry.ended_at = now
        entry.expires_from_store = 0
        members = self.members[state]
        while len(members) > LIMITS[state]:
            _, oldest = members.popitem(last=False)
            if not self.is_kept(oldest):
                del self.entries[oldest.job.id]

    def is_kept(self, entry: StoredJob) -> bool:
        """Return whether an ended entry stays that is no longer listed by its state."""
        return not entry.expires_from_store

    def list_again(self, entry: StoredJob, now: int) -> None:
        """Put an entry into the indexes of its state, of which one has lost it."""
        for members in self.members.values():
            members.pop(entry.job.id, None)
        if entry.state in LINED_UP and not entry.open_edges:
            self._arrive(entry, now)
        elif entry.state.is_waiting and entry.state not in LINED_UP:
            self.wait_until(entry, entry.state, entry.due_at or now)
        else:
            self._enter(entry, entry.state)
        self.recount()

    def keep_for_its_time(self, entry: StoredJob, now: int) -> None:
        """Note when an ended entry is forgotten."""
        entry.expires_from_store = now + KEPT_MS.get(entry.state, entry.job.result_ttl)
        heapq.heappush(self.expiries, (entry.expires_from_store, entry.job.id))

    def recount(self) -> None:
        """Count the jobs of each queue again."""
        self.sizes.clear()
        self.turns.forget_counts()
        self.held_up.clear()
        for state in LINED_UP:
            for entry in self.members[state].values():
                self._count(entry, 1)

    def remove(self, entry: StoredJob) -> None:
        self._leave(entry)
        del self.entries[entry.job.id]

    # --- its steps ---------------------------------------------------------------------------

    def _leave(self, entry: StoredJob) -> None:
        self.members[entry.state].pop(entry.job.id, None)  # the oldest ended ones are not listed
        self._count(entry, -1)

    def _enter(self, entry: StoredJob, state: State) -> None:
        entry.state = state
        self.members[state][entry.job.id] = entry
        self._count(entry, 1)

    def _count(self, entry: StoredJob, number: int) -> None:
        """Count an entry of a queue, or count it no longer."""
        if entry.state not in LINED_UP:
            return
        counted = self.sizes if entry.state is State.QUEUED else self.held_up
        counted[entry.job.queue] += number
        self.turns.count(entry.job.queue, entry.place, number)

    def _arrive(self, entry: StoredJob, since: int) -> None:
        entry.queued_at = since
        queue = entry.job.queue
        turn = self.turns.next_place(entry.job, self.sizes[queue] + self.held_up[queue])
        entry.place = self._next_arrival(entry.job) if turn is None else turn
        self._line_up(entry)

    def _line_up(self, entry: StoredJob) -> None:
        entry.due_at = None
        self._enter(entry, State.QUEUED)
        self.idle.pop(entry.job.queue, None)
        heapq.heappush(self.queues.setdefault(entry.job.queue, []), (entry.place, entry.job.id))

    def wait_until(self, entry: StoredJob, state: State, due_at: int) -> None:
        entry.due_at = due_at
        self._enter(entry, state)
        heapq.heappush(self.due, (due_at, entry.job.id))
        waiting = len(self.members[State.SCHEDULED]) + len(self.members[State.RETRYING])
        tidy_up(self.due, waiting, lambda one: self._is_due_at(one[1], one[0]))

    def _next_arrival(self, job: Job) -> Place:
        self._arrivals += 1
        return (HIGHEST_PRIORITY - job.priority) * PRIORITY_STEP + self._arrivals

    def tidy_queues(self, marked: Set[str], now: int) -> None:
        """Note since when queues have been empty, and forget those for which that is a day.

        Args:
            marked: queues of which somebody has yet to hear.
        """
        for name in list(self.queues):
            if self.sizes[name] or self.held_up[name] or name in marked:
                self.idle.pop(name, None)
                self.turns.forget_empty_bands(name)
                continue
            self.turns.forget(name)
            if now - self.idle.setdefault(name, now) >= QUEUE_KEPT_MS:
                del self.queues[name], self.sizes[name], self.held_up[name], self.idle[name]

    def queues_with_jobs(self) -> list[str]:
        return [queue for queue, size in self.sizes.items() if size]

    # --- what comes next ---------------------------------------------------------------------

    def pop(self, queue: str) -> StoredJob | None:
        """Take the next entry of a queue; the caller moves it on."""
        heap = self.queues.get(queue, [])
        while heap:
            place, job_id = heapq.heappop(heap)
            entry = self.entries.get(job_id)
            if (
                entry
                and entry.state is State.QUEUED
                and entry.place == place
                and entry.job.queue == queue
            ):
                return entry
        return None

    def first(self, queue: str) -> StoredJob | None:
        """Return the next entry of a queue and leave it there."""
        entry = self.pop(queue)
        if entry:
            self.leave_there(entry)
        return entry

    def take_due(self, now: int) -> Iterator[StoredJob]:
        """Yield what has become due; the caller moves each on."""
        while self._next_due() is not None and self.due[0][0] <= now:
            yield self.entries[heapq.heappop(self.due)[1]]

    def due_in(self, now: int) -> int | None:
        due = self._next_due()
        return None if due is None or due == NO_DUE_TIME else max(0, due - now)

    def _next_due(self) -> int | None:
        while self.due:
            due_at, job_id = self.due[0]
            if self._is_due_at(job_id, due_at):
                return due_at
            heapq.heappop(self.due)
        return None

    def _is_due_at(self, job_id: str, due_at: int) -> bool:
        entry = self.entries.get(job_id)
        return entry is not None and entry.due_at == due_at

    def _is_forgotten_at(self, job_id: str, expires: int) -> bool:
        entry = self.entries.get(job_id)
        return entry is not None and entry.state.is_final and entry.expires_from_store == expires

    def sweep(self, now: int) -> None:
        """Forget the ended jobs whose time is over."""
        while self.expiries and self.expiries[0][0] <= now:
            expires, job_id = heapq.heappop(self.expiries)
            if self._is_forgotten_at(job_id, expires):
                self.remove(self.entries[job_id])
