"""Settling, promoting and claiming jobs in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django_jobs.brokers.constants import AGAINST_WISH, POSTPONED_PER_CALL
from django_jobs.brokers.messages import QueueQuota, Reply, Take
from django_jobs.jobs.records import Claim, Failure, Settlement, State

from .locks import ends_at_start
from .markers import Markers
from .postponements import Postponements, is_newer, unknown_format
from .reached_limits import ReachedLimits
from .store import Store
from .stored_job import StoredJob
from .worker_state import WorkerState


@dataclass(slots=True)
class Call:
    """One exchange: who calls, when, and what its reply collects."""

    worker_id: str
    now: int
    dead: list[str] = field(default_factory=list)
    newest_format: int = 0
    at_once: int = 0
    """How many more jobs may be claimed whose starts a limit counts."""

    def take_at_once(self) -> bool:
        """Count one of them; return False if there may be no more."""
        self.at_once -= 1
        return self.at_once >= 0

    called_off: int = 0
    dry: set[str] = field(default_factory=set)
    """Queues that have no other jobs for this worker."""

    @property
    def may_go_on(self) -> bool:
        """Whether more jobs may be looked at, after those of cancelled batches."""
        return self.called_off < POSTPONED_PER_CALL


class Transitions:
    """Moves jobs between their states; the caller holds the broker's lock.

    Args:
        store: where the jobs are.
        markers: of queues that may have jobs.
        postponements: makes jobs wait that a worker does not know.
        make_room: called when fewer jobs wait.
    """

    def __init__(
        self,
        store: Store,
        markers: Markers,
        postponements: Postponements,
        make_room: Callable[[], None],
    ) -> None:
        self._store = store
        self._markers = markers
        self._postponements = postponements
        self._reached_limits = ReachedLimits(store, markers)
        self._make_room = make_room

    def exchange(
        self,
        worker_id: str,
        worker: WorkerState | None,
        settlements: Sequence[Settlement],
        take: Take,
        now: int,
    ) -> Reply:
        """Settle, promote and claim; a worker without a lease holds nothing and claims nothing."""
        at_once = take.limit if take.at_once is None else take.at_once
        call = Call(worker_id, now, at_once=at_once)
        refused = [one.job_id for one in settlements if not self._settle(worker, one, call)]
        self._store.nodes.follow(now)
        self._store.give_freed(now)
        self._promote(now)
        self._store.waiters.look_at_due(now)
        self._store.sweep(now)
        claims: list[Claim] = []
        if worker is None:
            self._put_markers_back(take.quotas)
        else:
            claims = self._claim(worker, take, call)
            if call.called_off:
                self._store.nodes.follow(now)
        self._make_room()
        return Reply(
            claims=tuple(claims),
            refused=tuple(refused),
            due_in=0 if call.called_off or self._store.edges.happened else self._due_in(now),
            dead=tuple(call.dead),
            must_beat=worker is None,
            newest_format=call.newest_format,
        )

    def _due_in(self, now: int) -> int | None:
        times = (self._store.due_in(now), self._store.waiters.opens_in(now))
        return min((time for time in times if time is not None), default=None)

    # --- settling ------------------------------------------------------------------------------

    def _settle(self, worker: WorkerState | None, settlement: Settlement, call: Call) -> bool:
        entry = worker.entry(settlement.job_id, settlement.token) if worker else None
        if worker is None or entry is None:
            return False
        if settlement.metadata is not None:
            entry.save_metadata(settlement.metadata)
        del worker.held[settlement.job_id]
        if settlement.state is State.QUEUED:
            self.give_back([entry], call.now)
            return True
        if entry.is_suspect:
            self._mark_all()
        if settlement.state is State.SCHEDULED:
            assert settlement.failure is not None
            entry.give_back()
            self._store.move(entry, State.SCHEDULED)
            self._store.take_lock(entry.job, call.now)
            if settlement.closes is None:
                self._postpone(entry, settlement.failure, call)
            elif not self._reached_limits.meet(entry, settlement, call.now):
                call.dead.append(entry.job.id)
        else:
            self._end_attempt(entry, settlement, call.now)
        return True

    def _end_attempt(self, entry: StoredJob, settlement: Settlement, now: int) -> None:
        finished = entry.finish_attempt(settlement.waited, settlement.duration)
        if settlement.failure:
            entry.add_failure(settlement.failure)
        if settlement.state is State.RETRYING:
            self._retry(entry, now, settlement.delay)
            return
        entry.finished_at = finished
        if settlement.state is State.SUCCEEDED:
            entry.result = settlement.result
        by_own_wish = not settlement.failure or settlement.failure.exception not in AGAINST_WISH
        self._store.end(entry, settlement.state, now, by_own_wish=by_own_wish)

    def _retry(self, entry: StoredJob, now: int, delay: int) -> None:
        """Let a failed job wait for its next attempt, unless a newer call waits for its end."""
        if self._store.locks.has_successor(entry.job):
            entry.finished_at = now
            self._store.end(entry, State.DISCARDED, now)
            return
        self._store.take_lock(entry.job, now)
        self._store.defer(entry, State.RETRYING, now + delay)

    def _postpone(self, entry: StoredJob, failure: Failure, call: Call) -> None:
        if not self._postponements.postpone(entry, failure, call.now):
            call.dead.append(entry.job.id)

    def give_back(self, entries: Iterable[StoredJob], now: int) -> None:
        """Undo the attempts that were begun last, and put the jobs back to their old places."""
        held_suspect = False
        for entry in entries:
            held_suspect |= entry.is_suspect
            entry.give_back()
            self._store.put_back(entry)
            self._store.take_lock(entry.job, now)
            self._markers.add(entry.job.queue)
        if held_suspect:
            self._mark_all()

    def _promote(self, now: int) -> None:
        for entry in self._store.take_due(now):
            self._store.enqueue(entry, entry.due_at or now)
            self._markers.add(entry.job.queue)

    # --- claiming ------------------------------------------------------------------------------

    def _claim(self, worker: WorkerState, take: Take, call: Call) -> list[Claim]:
        claims: list[Claim] = []
        left_alone: dict[str, int] = {}
        first_round = [(one.queue, one.quota) for one in take.quotas]
        second_round = [(one.queue, take.limit) for one in take.quotas]
        for queue, quota in first_round + second_round:
            room = min(quota, take.limit - len(claims))
            if not room or queue in self._markers.paused or queue in call.dry:
                continue
            taken, left_alone[queue] = self._take(queue, room, worker, call)
            claims += [one.claim(call.worker_id, call.now) for one in taken]
        self._pass_on(take.quotas, left_alone, call)
        return claims

    def _take(
        self, queue: str, room: int, worker: WorkerState, call: Call
    ) -> tuple[list[StoredJob], int]:
        """Take jobs of a queue; return them, and how many were left alone."""
        taken: list[StoredJob] = []
        left_alone: list[StoredJob] = []
        while len(taken) < room and call.may_go_on and (entry := self._next(queue, call)):
            if self._ends_or_waits(entry, call):
                continue
            if is_newer(entry):
                call.newest_format = max(call.newest_format, entry.job.format)
                self._postpone(entry, unknown_format(entry, call.worker_id, call.now), call)
                continue
            if worker.must_run_apart(entry):
                left_alone.append(entry)
                continue
            is_timed = any(limit.per for limit in entry.limits_at(call.now))
            if is_timed and not call.take_at_once():
                self._store.leave_there(entry)
                break
            worker.held[entry.job.id] = entry
            self._store.turns.claim(queue, entry.place)
            self._store.start(entry, call.now)
            if ends_at_start(entry.job):
                self._store.free(entry, call.now)
            taken.append(entry)
        for entry in left_alone:
            self._store.leave_there(entry)
        return taken, len(left_alone)

    def _next(self, queue: str, call: Call) -> StoredJob | None:
        """Take the next entry of a queue out of it, or note that there is none."""
        entry = self._store.next(queue, call.now)
        if entry is None:
            call.dry.add(queue)
        return entry

    def _ends_or_waits(self, entry: StoredJob, call: Call) -> bool:
        """End a member of a cancelled batch, or let an entry wait that has no free slot."""
        closed = self._store.closed_limit(entry, call.now)
        if self._store.memberships.is_cancelled(entry.job.batch):
            entry.finished_at = call.now
            self._store.end(entry, State.DISCARDED, call.now)
            call.called_off += 1
            return True
        if closed:
            self._store.wait_for_slot(entry, closed.key, call.now)
        return closed is not None

    # --- markers -------------------------------------------------------------------------------

    def _pass_on(
        self, quotas: Sequence[QueueQuota], left_alone: dict[str, int], call: Call
    ) -> None:
        """Mark the queues that still have jobs, and take the markers of those that have none."""
        for one in quotas:
            has_more = self._store.sizes[one.queue] > left_alone.get(one.queue, 0)
            if has_more or self._store.waiters.first(one.queue, call.now):
                self._markers.add(one.queue)
            else:
                self._markers.discard(one.queue)

    def _put_markers_back(self, quotas: Sequence[QueueQuota]) -> None:
        """Put back the marker that a listen may have taken before it claimed nothing."""
        for queue in {one.queue for one in quotas} & self._store.queues.keys():
            self._store.idle.pop(queue, None)
            self._markers.add(queue)

    def _mark_all(self) -> None:
        """Mark all queues with jobs: some were left alone because of one that is held no longer."""
        self._markers.add_all(self._store.queues_with_jobs())
