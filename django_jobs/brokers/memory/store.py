"""The jobs in memory, with locks of unique ones, slots of limited ones, and batches of members."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django_jobs.brokers.constants import NO_DUE_TIME
from django_jobs.errors import BatchEnded, WorkflowNotStored
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, Lock, State
from django_jobs.jobs.workflows import NewNode

from .edges import Edges
from .indexes import Indexes
from .locks import Held, Locks
from .memberships import Memberships
from .nodes import Nodes
from .slots import Slots
from .stored_job import StoredJob
from .waiting_jobs import WaitingJobs


class Store(Indexes):
    """Frees the lock of each job that ends, and the slots of each that leaves its worker.

    It counts each end in the batch of the job. Not locked itself: its owner does that.

    Args:
        wake: called with the name of a queue that may have a job to start.
    """

    def __init__(self, wake: Callable[[str], None]) -> None:
        super().__init__()
        self.locks = Locks(self.entries, self._is_called_off)
        self.slots = Slots()
        self.waiters = WaitingJobs(self.entries, self.slots, wake)
        self.edges = Edges(self, wake)
        self.nodes = Nodes(self, self.edges)
        self.memberships = Memberships(self.edges, self.nodes)
        self._wake = wake
        self._freed: set[str] = set()

    def end(self, entry: StoredJob, state: State, now: int, *, by_own_wish: bool = False) -> None:
        """Move an entry to a final state, and note when it is forgotten.

        Args:
            by_own_wish: whether a discarded job has asked for that.
        """
        if entry.job.lock:
            kept = entry.job.lock.keep_for if state is State.SUCCEEDED else 0
            self.free(entry, now, now + kept if kept else None)
        if entry.job.batch:
            self.memberships.ended(entry, state, now, by_own_wish=by_own_wish)
        if self.memberships.is_node(entry.job):
            self.end_for_now(entry, state, now)
        else:
            super().end(entry, state, now)

    def is_kept(self, entry: StoredJob) -> bool:
        return super().is_kept(entry) or self.memberships.can_retry(entry)

    def due_in(self, now: int) -> int | None:
        return 0 if self.edges.happened else super().due_in(now)

    def sweep(self, now: int) -> None:
        super().sweep(now)
        self.locks.sweep(now)

    def check_batch(self, membership: Membership | None, now: int) -> None:
        """Refuse new members that their batch does not take; hold one whose block adds them.

        Raises:
            BatchEnded: it has been closed, has ended or is unknown, or the adder does not run.
        """
        if membership is None:
            return
        adder = self.entries.get(membership.adder)
        if not self.memberships.can_add(membership, adder):
            raise BatchEnded(membership.batch)
        if not membership.adder:
            self.memberships.hold(membership.batch, now)

    def add(self, job: Job, now: int) -> None:
        super().add(job, now)
        self._join(job, now)

    def _join(self, job: Job, now: int) -> None:
        if job.batch:
            self.memberships.added(job.batch, 1)

    def add_nodes(self, workflow: str, nodes: Sequence[NewNode], now: int) -> None:
        """Store nodes of a workflow, unless it is sealed.

        Raises:
            WorkflowNotStored: it is unknown.
        """
        if workflow not in self.memberships.batches:
            raise WorkflowNotStored(workflow)
        if self.memberships.takes_nodes(workflow):
            self.nodes.add(workflow, nodes)
            self.memberships.added(workflow, len(nodes))
            self.memberships.hold(workflow, now)

    def grow(self, nodes: Sequence[NewNode], membership: Membership) -> None:
        """Store nodes that a running node adds to its workflow.

        Raises:
            WorkflowNotStored: the adder does not run, or the workflow is cancelled or unknown.
        """
        adder = self.entries.get(membership.adder)
        if adder is None or not self.memberships.can_grow(membership, adder):
            raise WorkflowNotStored(membership.batch, membership.adder)
        self.nodes.additions.add(adder, membership, nodes)

    def add_successor(self, job: Job, now: int) -> None:
        """Add a job that waits until it is given its lock."""
        entry = self.entries[job.id] = StoredJob(job)
        self.queues.setdefault(job.queue, [])
        self.idle.pop(job.queue, None)
        self.wait_until(entry, State.SCHEDULED, NO_DUE_TIME)
        self._join(job, now)

    def replace(self, entry: StoredJob, job: Job, now: int) -> None:
        """Put another call in the place of one that waits."""
        awaits_lock = entry.awaits_lock
        self._leave(entry)
        entry.take_over(job)
        self._wake(job.queue)
        self.queues.setdefault(job.queue, [])
        self.idle.pop(job.queue, None)
        if awaits_lock:
            self.wait_until(entry, State.SCHEDULED, NO_DUE_TIME)
        elif job.run_at is not None and job.run_at > now:
            self.wait_until(entry, State.SCHEDULED, job.run_at)
        else:
            self._arrive(entry, now)

    def delete(self, entry: StoredJob, now: int) -> None:
        """Forget an entry whose time is not over, with its lock."""
        self.free(entry, now)
        if entry.job.batch:
            self.memberships.deleted(entry, now)
        self.remove(entry)

    def free(self, entry: StoredJob, now: int, keep_until: int | None = None) -> None:
        """Free the lock of an entry, and let the job that waits for it become due.

        Args:
            keep_until: until when nobody else gets the lock unless somebody waits for it.
        """
        self._begin(self.locks.leave(entry.job, keep_until), now)

    def holder_of(self, digest: str, now: int) -> Held | None:
        """Return who holds a lock; None if it is free.

        A lock that its holder has lost goes to the job that waits for it, which becomes due.
        """
        self._begin(self.locks.pass_on(digest, now), now)
        return self.locks.holder(digest, now)

    def other_holder(self, job: Job, lock: Lock, now: int) -> Held | None:
        """Return who keeps a job from having its lock; None also for the job itself."""
        held = self.holder_of(lock.digest, now)
        return held if held and held.holder != job.id else None

    def take_lock(self, job: Job, now: int) -> bool:
        """Give a job its lock if that is free; return False if another one has it."""
        if job.lock is None:
            return True
        held = self.holder_of(job.lock.digest, now)
        if held and held.holder != job.id:
            return False
        if held is None or held.kept_until is not None:
            self.locks.give(job.lock.digest, job.id)
        return True

    def can_run_again(self, entry: StoredJob, now: int) -> bool:
        """Give a job that is retried its lock, unless it would be discarded or that is taken."""
        if entry.failed_edges or self._is_called_off(entry):
            return False
        return self.take_lock(entry.job, now)

    def waits_for_others(self, entry: StoredJob) -> bool:
        """Return whether an entry has open edges, which may still be followed to it."""
        if not entry.open_edges:
            return False
        return self.memberships.is_node(entry.job) or self.edges.leads_to(entry)

    def _is_called_off(self, entry: StoredJob) -> bool:
        """Return whether the batch of a job was cancelled."""
        return self.memberships.is_cancelled(entry.job.batch)

    def let_go(self, held: Held, now: int) -> None:
        """Let the job that waits for a lock become due if it will be discarded with its batch."""
        successor = self.locks.successor(held)
        if successor and self._is_called_off(successor):
            held.successor = None
            self.defer(successor, State.SCHEDULED, now)
            self._wake(successor.job.queue)

    # --- limits ------------------------------------------------------------------------------

    def closed_limit(self, entry: StoredJob, now: int) -> JobLimit | None:
        """Return the first limit of a job, expired or not, that has no free slot for it."""
        limits = entry.job.limits
        for limit in limits:
            if self.slots.declare(limit, now):
                self.look_at_keys(limit.id, now)
        return next((limit for limit in limits if not self.slots.is_free(limit.key, now)), None)

    def sweep_limits(self, now: int) -> None:
        """Forget closings and starts that do not count any more, and some unused limits."""
        self.slots.sweep(now)
        self.waiters.correct_openings(now)
        for limit_id in self.slots.unused(now):
            if not self.waiters.keys(limit_id):
                del self.slots.numbers[limit_id]

    def look_at_keys(self, limit_id: str, now: int) -> None:
        """Look at all keys of a limit whose number of slots has changed."""
        for key in self.waiters.keys(limit_id):
            self.waiters.look_at(key, now)

    def has_ready(self, queue: str, now: int) -> bool:
        """Return whether a queue has jobs that could start, as far as their limits are known."""
        return bool(self.sizes.get(queue)) or self.waiters.first(queue, now) is not None

    def next(self, queue: str, now: int) -> StoredJob | None:
        """Take the next entry of a queue, as `pop` does; it may have waited for a slot."""
        waiter = self.waiters.first(queue, now)
        head = self.first(queue) if waiter else None
        if waiter is None or (head and head.place <= waiter.place):
            return self.pop(queue)
        self.move(waiter, State.QUEUED)
        return waiter

    def wait_for_slot(self, entry: StoredJob, key: str, now: int) -> None:
        """Let an entry that `next` has returned wait for a slot of a key that has none free."""
        self.move(entry, State.WAITING)
        self.waiters.add(entry, key, now)

    def give_freed(self, now: int) -> None:
        """Give the slots that became free to the jobs that wait for them."""
        for key in self._freed:
            self.waiters.look_at(key, now)
        self._freed.clear()

    def start(self, entry: StoredJob, now: int) -> None:
        """Let an entry that `next` has returned run in a worker, with a slot of each limit."""
        self.move(entry, State.RUNNING)
        self.slots.take(entry, now)
        for limit in entry.limits_at(now):
            self.waiters.note_closed(limit.key, now)

    def list_again(self, entry: StoredJob, now: int) -> None:
        if entry.waits_at is not None:
            self.waiters.remove(entry)
        super().list_again(entry, now)

    def _leave(self, entry: StoredJob) -> None:
        super()._leave(entry)
        if entry.waits_at is not None:
            self.waiters.remove(entry)
        elif entry.state is State.RUNNING and entry.job.limits:
            self._freed.update(self.slots.give_back(entry))

    def _begin(self, successor: StoredJob | None, now: int) -> None:
        """Let a job become due that has waited for its lock."""
        if successor:
            self.defer(successor, State.SCHEDULED, max(now, successor.job.run_at or 0))
            self._wake(successor.job.queue)
