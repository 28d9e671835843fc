"""The broker in memory: the default of every site, and the model that Redis is tested against."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.brokers.messages import (
    NOTHING,
    Answer,
    Call,
    Lane,
    Patience,
    Pulse,
    Report,
    Reservation,
    Share,
    WorkerInfo,
)
from django_jobs.clock import now_ms
from django_jobs.errors import QueueFull
from django_jobs.jobs.records import Claim, Job, Settlement, State, Tick
from django_jobs.waits import capped, wait_out

from .doctor import MemoryDoctor
from .entry import Entry
from .holder import Beat, Holder, Reply
from .inspection import MemoryInspection
from .leases import Leases
from .lock import Lock
from .marks import Marks
from .store import Store
from .ticks import Ticks


class MemoryBroker(Broker):
    """Keeps jobs in this process; they end with it.

    Args:
        lease: seconds after which a silent worker loses its jobs.
        max_queued: how many jobs may wait, in all queues together.
        full_timeout: seconds that `push` waits for room before it raises.
        now: the clock, in Unix milliseconds.
    """

    persistent = False

    def __init__(
        self,
        *,
        lease: float = 20.0,
        max_queued: int = 10_000,
        full_timeout: float = 5.0,
        now: Callable[[], int] = now_ms,
    ) -> None:
        self.lease = lease
        self.max_queued = max_queued
        self.full_timeout = full_timeout
        self._now = now
        self._lock = Lock()
        self._room = self._lock.condition()
        self._marks = Marks(self._lock)
        self._store = Store()
        self._leases = Leases(round(lease * 1000), self._store, self._mark)
        self._replies: dict[tuple[Lane, str], Reply] = {}
        self._beats: dict[str, Beat] = {}
        self._ticks = Ticks(now)
        self.inspection: MemoryInspection = MemoryInspection(
            self._store, self._leases.holders, self._lock, now, self._mark, self._room.notify_all
        )
        self.doctor = MemoryDoctor(
            self._lock, self._store, self._leases, self._ticks, self.inspection, now
        )

    def push(self, jobs: Sequence[Job]) -> None:
        if not self._pushed(jobs, 0):
            self._push_patiently(jobs)

    def _pushed(self, jobs: Sequence[Job], seconds: float) -> bool:
        """Store jobs if there is room for all of them within so many seconds."""
        with self._lock:
            count = self._count_new(jobs)
            has_room = partial(self._has_room, count)
            if fits := has_room() or self._room.wait_for(has_room, capped(seconds)):
                self._add(jobs)
            return fits

    def _push_patiently(self, jobs: Sequence[Job]) -> None:
        # In several waits, between which a time limit may interrupt the caller.
        count = self._count_new(jobs)
        patience = self.full_timeout if count <= self.max_queued else 0
        if not wait_out(partial(self._pushed, jobs), patience):
            raise QueueFull(
                f"{self._store.waiting} jobs are waiting in this process, of at most"
                f" {self.max_queued}, and {patience:g} s brought no room for {count} more. Raise"
                " the options max_queued or full_timeout of the ThreadPoolBackend, or set"
                " JOB_BACKEND=redis."
            )

    def _count_new(self, jobs: Sequence[Job]) -> int:
        known = self._store.entries
        return sum(job.id not in known for job in jobs)

    def _has_room(self, count: int) -> bool:
        return self._store.waiting + count <= self.max_queued

    def _add(self, jobs: Sequence[Job]) -> None:
        now = self._now()
        for job in jobs:
            if job.id not in self._store.entries:
                self._store.add(job, now)
        for queue in {job.queue for job in jobs}:
            self._mark(queue)

    def _mark(self, queue: str) -> None:
        """Leave word that a queue may have jobs, for one waiting worker to pick up."""
        if queue not in self.inspection.paused:
            self._marks.add(queue)

    def _mark_all(self) -> None:
        for queue, size in self._store.sizes.items():
            if size:
                self._mark(queue)

    def send(self, worker: str, call: Call, patience: Patience | None = None) -> Answer:
        with self._lock:
            if patience:
                self.wait(patience.queues, patience.seconds, worker)
            answer = self._reserve(worker, call)
            return lambda: answer

    def _reserve(self, worker: str, call: Call) -> Reservation:
        now = self._now()
        before = self._replies.get((call.lane, worker))
        if before and before.number >= call.number:
            self._put_marks_back(call.shares)
            if before.number == call.number:
                return self._again(worker, before.reservation)
            return Reservation(due_in=self._store.due_in(now))
        holder = self._leases.holder(worker, now)
        refused = [one.job_id for one in call.settlements if not self._settle(holder, one, now)]
        self._promote(now)
        self._store.sweep(now)
        claims = self._claim(worker, holder, call.shares, call.limit, now)
        self._pass_on(call.shares, holder)
        self._room.notify_all()
        answer = Reservation(
            claims=tuple(claims), refused=tuple(refused), due_in=self._store.due_in(now)
        )
        self._replies[call.lane, worker] = Reply(call.number, answer)
        return answer

    def _put_marks_back(self, shares: Sequence[Share]) -> None:
        """Put back the mark that the wait before a call which claims nothing may have taken."""
        for queue in {share.queue for share in shares} & self._store.queues.keys():
            self._mark(queue)

    def _again(self, worker: str, answer: Reservation) -> Reservation:
        holder = self._leases.holders.get(worker)
        kept = tuple(one for one in answer.claims if holder and holder.entry(one.job.id, one.token))
        return Reservation(claims=kept, refused=answer.refused, due_in=answer.due_in)

    def _settle(self, holder: Holder, settlement: Settlement, now: int) -> bool:
        entry = holder.entry(settlement.job_id, settlement.token)
        if entry is None:
            return False
        if settlement.metadata is not None:
            entry.save_metadata(settlement.metadata)
        del holder.held[settlement.job_id]
        if entry.is_suspect:
            self._mark_all()  # there may be jobs that had to be left alone beside it
        if settlement.state is State.QUEUED:
            self._give_back(entry)
            return True
        finished = entry.finish_attempt(settlement.waited, settlement.duration)
        if settlement.failure:
            entry.add_failure(settlement.failure)
        if settlement.state is State.RETRYING:
            self._store.defer(entry, State.RETRYING, now + settlement.delay)
            return True
        entry.finished_at = finished
        if settlement.state is State.SUCCEEDED:
            entry.result = settlement.result
        self._store.end(entry, settlement.state, now)
        return True

    def _give_back(self, entry: Entry) -> None:
        entry.give_back()
        self._store.put_back(entry)
        self._mark(entry.job.queue)

    def _promote(self, now: int) -> None:
        for entry in self._store.take_due(now):
            self._store.enqueue(entry, entry.due_at or now)
            self._mark(entry.job.queue)

    def _claim(
        self, worker: str, holder: Holder, shares: Sequence[Share], limit: int, now: int
    ) -> list[Claim]:
        claims: list[Claim] = []
        holder.passed_over.clear()
        first_round = [(share.queue, share.quota) for share in shares]
        second_round = [(share.queue, limit) for share in shares]
        for queue, quota in first_round + second_round:
            room = min(quota, limit - len(claims))
            if room and self._store.sizes.get(queue) and queue not in self.inspection.paused:
                claims += [one.claim(worker, now) for one in self._take(queue, room, holder)]
        return claims

    def _take(self, queue: str, room: int, holder: Holder) -> list[Entry]:
        taken: list[Entry] = []
        passed_over: list[Entry] = []
        while len(taken) < room and (entry := self._store.pop(queue)):
            if holder.must_leave_alone(entry):
                passed_over.append(entry)
                continue
            holder.held[entry.job.id] = entry
            self._store.move(entry, State.RUNNING)
            taken.append(entry)
        for entry in passed_over:
            self._store.put_back(entry)
        holder.passed_over[queue] = len(passed_over)
        return taken

    def _pass_on(self, shares: Sequence[Share], holder: Holder) -> None:
        for share in shares:
            if self._store.sizes[share.queue] > holder.passed_over.get(share.queue, 0):
                self._mark(share.queue)
            else:
                self._marks.discard(share.queue)

    def wait(self, queues: Collection[str], timeout: float, worker: str = "") -> None:
        with self._lock:
            self._marks.wait(set(queues), worker, timeout)

    def rouse(self, worker: str) -> None:
        with self._lock:
            self._marks.rouse(worker)

    # --- time --------------------------------------------------------------------------------

    def heartbeat(self, info: WorkerInfo, call: int, report: Report = NOTHING) -> Pulse:
        with self._lock:
            now = self._now()
            before = self._beats.get(info.id)
            if before and before.call > call:
                return Pulse()
            lost = self._leases.renew(info, now)
            if before and before.call == call:
                return replace(before.pulse, lost=lost or before.pulse.lost)
            self.inspection.add_totals(info)
            self.inspection.metrics.count(report)
            self._leases.note(info.id, report)
            self._store.sweep(now)
            recovered, buried = self._leases.reap(now)
            self._store.tidy_queues(self._marks.queues, now)
            order = self._leases.take_order(info.id)
            pulse = Pulse(lost=lost, order=order, recovered=recovered, buried=buried)
            self._beats[info.id] = Beat(call, pulse)
            return pulse

    def leave(self, worker: str) -> None:
        with self._lock:
            for lane in Lane:
                self._replies.pop((lane, worker), None)
            self._beats.pop(worker, None)
            self._marks.forget(worker)
            for entry in self._leases.forget(worker):
                self._give_back(entry)

    def now(self) -> int:
        return self._now()

    def ticks(self) -> Mapping[str, int]:
        with self._lock:
            return self._ticks.latest()

    def claim_ticks(self, ticks: Sequence[Tick]) -> tuple[bool, ...]:
        with self._lock:
            return tuple(self._claim_tick(tick) for tick in ticks)

    def _claim_tick(self, tick: Tick) -> bool:
        if not self._ticks.claim(tick):
            return False
        if tick.job is not None and tick.name not in self.inspection.off:
            self.inspection.runs[tick.name] = tick.job.id
            self._add([tick.job])
        return True

    def problems(self) -> tuple[Problem, ...]:
        return ()

    def store(self) -> StoreInfo:
        return StoreInfo(name="memory", persistence="none")

    def close(self) -> None:
        """Nothing to release."""
