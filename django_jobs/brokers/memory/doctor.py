"""The doctor of the broker in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from django_jobs.brokers.constants import LINED_UP, NO_DUE_TIME
from django_jobs.brokers.doctor import Doctor, Finding, Trouble
from django_jobs.jobs.records import State

from .cases import Case, case, leave_alone
from .group_cases import cases_of_groups
from .lock import Lock
from .stored_job import StoredJob
from .turns import is_turn

if TYPE_CHECKING:
    from .leases import Leases
    from .markers import Markers
    from .store import Store
    from .ticks import Ticks


class MemoryDoctor(Doctor):
    """Looks at the indexes of one broker, each under the broker's lock."""

    def __init__(
        self,
        lock: Lock,
        store: Store,
        leases: Leases,
        ticks: Ticks,
        markers: Markers,
        now: Callable[[], int],
    ) -> None:
        self._lock = lock
        self._store = store
        self._leases = leases
        self._ticks = ticks
        self._markers = markers
        self._now = now
        self._checks = (
            self._queues,
            self._jobs,
            self._members,
            self._claims,
            self._locks,
            self._slots,
            self._waiting_jobs,
            partial(cases_of_groups, store, now),
            self._counts,
            self._periodic_tasks,
            self._pauses,
        )

    def examine(self) -> Iterator[Finding]:
        for check in self._checks:
            with self._lock:
                findings = [found.finding for found in check()]
            yield from findings

    def repair(self) -> Iterator[Finding]:
        for check in self._checks:
            with self._lock:
                cases = list(check())
                for found in cases:
                    found.repair()
                self._store.nodes.follow(self._now())
            yield from (found.finding for found in cases if found.finding.repairable)

    # --- jobs --------------------------------------------------------------------------------

    def _queues(self) -> Iterator[Case]:
        known = self._store.queues
        members = self._store.members
        lined_up = [entry for state in LINED_UP for entry in members[state].values()]
        for queue in {entry.job.queue for entry in lined_up}:
            if queue not in known:
                yield case(
                    Trouble.UNLISTED_QUEUE, queue, repair=partial(known.setdefault, queue, [])
                )

    def _jobs(self) -> Iterator[Case]:
        store, now = self._store, self._now()
        places, expiries = self._places(), set(store.expiries)
        for job_id, entry in self._looked_at():
            is_listed = store.members[entry.state].get(job_id) is entry
            if entry.state.is_waiting and not entry.open_edges:
                is_listed &= _place(entry) in places
                has_turn = entry.state in LINED_UP and is_turn(entry.place)
                if has_turn and not store.turns.has(entry.job.queue):
                    repair = partial(store.list_again, entry, now)
                    yield case(Trouble.WRONG_PLACE, entry.job.queue, job_id, repair=repair)
            elif entry.state is State.RUNNING:
                is_listed &= self._holds(entry)
            elif (
                entry.state.is_final
                and is_listed
                and (entry.expires_from_store, job_id) not in expiries
            ):
                repair = partial(store.keep_for_its_time, entry, now)
                yield case(Trouble.ENDLESS_JOB, job_id, repair=repair)
            if not is_listed and not store.memberships.can_retry(entry):
                yield self._unlisted(entry, now)

    def _looked_at(self) -> Iterator[tuple[str, StoredJob]]:
        """Yield the jobs, but for ended nodes, which their workflow lists and keeps."""
        is_node = self._store.memberships.is_node
        for job_id, entry in self._store.entries.items():
            if not (entry.state.is_final and is_node(entry.job)):
                yield job_id, entry

    def _places(self) -> set[tuple[str, int | None, str]]:
        """Return where jobs wait, as `_place` says it of one."""
        store = self._store
        queued = {
            (f"in {queue}", place, job_id)
            for queue, heap in store.queues.items()
            for place, job_id in heap
        }
        return queued | store.waiters.places() | {("", at, job_id) for at, job_id in store.due}

    def _holds(self, entry: StoredJob) -> bool:
        """Return whether the worker that began the last attempt of a running job holds it."""
        worker = self._leases.workers.get(entry.workers[-1])
        return worker is not None and worker.held.get(entry.job.id) is entry

    def _unlisted(self, entry: StoredJob, now: int) -> Case:
        # Nobody may settle the attempt, but to queue its job would run it twice at the same time.
        worker = self._leases.workers.get(entry.workers[-1]) if entry.workers else None
        is_running = worker and entry.job.id in dict(worker.info.running) and not self._holds(entry)
        finding = Finding(
            trouble=Trouble.UNLISTED_JOB,
            where=entry.job.id,
            detail=entry.state.value,
            repairable=not is_running,
        )
        return Case(finding, leave_alone if is_running else partial(self._list_again, entry, now))

    def _list_again(self, entry: StoredJob, now: int) -> None:
        if entry.state is State.RUNNING and not self._holds(entry):
            entry.state = State.QUEUED
        self._store.list_again(entry, now)
        if entry.state.is_final:
            self._store.keep_for_its_time(entry, now)

    def _members(self) -> Iterator[Case]:
        for state, members in self._store.members.items():
            for job_id in members:
                entry = self._store.entries.get(job_id)
                repair = partial(members.pop, job_id, None)
                if entry is None:
                    yield case(Trouble.MISSING_JOB, state.value, job_id, repair=repair)
                elif entry.state is not state:
                    yield case(Trouble.MISPLACED_JOB, state.value, job_id, repair=repair)

    def _claims(self) -> Iterator[Case]:
        for worker_id, worker in self._leases.workers.items():
            for job_id, entry in worker.held.items():
                repair = partial(worker.held.pop, job_id, None)
                if self._store.entries.get(job_id) is not entry:
                    yield case(Trouble.MISSING_JOB, worker_id, job_id, repair=repair)
                elif entry.state is not State.RUNNING or entry.workers[-1] != worker_id:
                    yield case(Trouble.STRAY_CLAIM, worker_id, job_id, repair=repair)

    def _locks(self) -> Iterator[Case]:
        locks, now = self._store.locks, self._now()
        successors = set()
        for digest, held in locks.held.items():
            if locks.belongs_to_somebody(digest, held):
                successors.add(held.successor)
                continue
            repair = partial(self._give_up_lock, digest, now)
            yield case(Trouble.STRAY_LOCK, digest, held.holder, repair=repair)
        for job_id, entry in self._store.entries.items():
            if not entry.awaits_lock and locks.misses_lock(entry, now):
                repair_lock = partial(self._store.take_lock, entry.job, now)
                yield case(Trouble.LOST_LOCK, job_id, repair=repair_lock)
        for job_id, entry in self._store.entries.items():  # once all locks have their holders
            is_next = job_id in successors
            if entry.state is State.SCHEDULED and entry.awaits_lock is not is_next:
                repair = partial(self._wait if is_next else self._wait_or_begin, entry, now)
                yield case(Trouble.WRONG_PLACE, State.SCHEDULED.value, job_id, repair=repair)

    def _slots(self) -> Iterator[Case]:
        holders: defaultdict[str, set[str]] = defaultdict(set)
        for job_id, entry in self._store.members[State.RUNNING].items():
            for key in entry.slots:
                holders[key].add(job_id)
        taken = self._store.slots.holders
        for key in sorted(holders.keys() | taken.keys()):
            more = len(taken.get(key, ())) - len(holders.get(key, ()))
            if more:
                trouble = Trouble.STRAY_SLOT if more > 0 else Trouble.MISSING_SLOT
                repair = partial(self._hold_slots, key, holders.get(key, set()))
                yield case(trouble, key, str(abs(more)), repair=repair)

    def _hold_slots(self, key: str, job_ids: set[str]) -> None:
        self._store.slots.hold(key, job_ids)
        self._store.waiters.look_at(key, self._now())

    def _waiting_jobs(self) -> Iterator[Case]:
        now = self._now()
        for key, queue in self._store.waiters.forgotten(now):
            repair = partial(self._store.waiters.look_at, key, now)
            yield case(Trouble.CLOSED_KEY, key, queue, repair=repair)

    def _give_up_lock(self, digest: str, now: int) -> None:
        """Give a lock to the job that waits for it, or else to nobody."""
        if self._store.holder_of(digest, now) is None:
            self._store.locks.held.pop(digest, None)

    def _wait(self, entry: StoredJob, _: int) -> None:
        """Let a job wait that is the one to get its lock next, and is due all the same."""
        self._store.defer(entry, State.SCHEDULED, NO_DUE_TIME)

    def _wait_or_begin(self, entry: StoredJob, now: int) -> None:
        """Let a job wait for the one that holds its lock, or make it due if none does."""
        lock = entry.job.lock
        held = self._store.other_holder(entry.job, lock, now) if lock else None
        if held and held.kept_until is None and self._store.locks.successor(held) is None:
            held.successor = entry.job.id
            return
        self._store.defer(entry, State.SCHEDULED, max(now, entry.job.run_at or 0))
        self._store.take_lock(entry.job, now)

    # --- what belongs to no job ---------------------------------------------------------------

    def _counts(self) -> Iterator[Case]:
        right = Counter(entry.job.queue for entry in self._store.members[State.QUEUED].values())
        for queue in sorted(right.keys() | self._store.sizes.keys()):
            said = self._store.sizes.get(queue, 0)
            if said != right[queue]:
                detail = f"{said} instead of {right[queue]}"
                yield case(Trouble.WRONG_COUNT, queue, detail, repair=self._store.recount)

    def _periodic_tasks(self) -> Iterator[Case]:
        for name in self._ticks.in_the_future():
            yield case(Trouble.FUTURE_TICK, name, repair=partial(self._ticks.forget, name))

    def _pauses(self) -> Iterator[Case]:
        for queue in sorted(self._markers.paused - self._store.queues.keys()):
            remark = Finding(trouble=Trouble.UNKNOWN_PAUSE, where=queue, repairable=False)
            yield Case(remark, leave_alone)


def _place(entry: StoredJob) -> tuple[str, int | None, str]:
    """Return where a job is listed that waits."""
    match entry.state:
        case State.QUEUED:
            return f"in {entry.job.queue}", entry.place, entry.job.id
        case State.WAITING:
            return f"{entry.waits_at} {entry.job.queue}", entry.place, entry.job.id
        case _:
            return "", entry.due_at, entry.job.id
