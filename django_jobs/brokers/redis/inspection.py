"""The read side of the broker in Redis."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from django_jobs.brokers.constants import LINED_UP
from django_jobs.brokers.inspection.base import (
    Applied,
    FairKey,
    Inspection,
    JobAction,
    QueueInfo,
    Totals,
    longest_lines,
)
from django_jobs.brokers.inspection.filters import Candidate, Cursor, Filter, ScanReply
from django_jobs.brokers.messages import WorkerCommand, WorkerInfo
from django_jobs.jobs.records import JobRecord, State

from . import records, scanning
from .limits import RedisLimits
from .metrics import RedisMetrics
from .pushing import Pusher
from .reading import number
from .workers import to_worker

PAGE = 500
"""How many ids are read at once where a listing has to be filtered."""

ALL = sys.maxsize
ALL_FAILURES, LAST_FAILURE = 0, -1
CLEAR_PORTION = 300

ACTION_PORTION = 100
"""How many jobs one call changes, so that no other call waits long."""


class RedisInspection(Inspection):
    """Looks at the keys of one broker.

    Args:
        run: calls one of the broker's scripts.
        pusher: stores jobs.
    """

    def __init__(self, run: Callable[..., Any], pusher: Pusher) -> None:
        self._run = run
        self._pusher = pusher
        self.metrics = RedisMetrics(run)
        self.limits = RedisLimits(run)

    def find(self, job_id: str) -> JobRecord | None:
        return next(self._read([job_id]), None)

    def read(self, ids: Sequence[str]) -> tuple[JobRecord, ...]:
        return tuple(self._read(ids, failures=LAST_FAILURE))

    def read_whole(self, ids: Sequence[str]) -> tuple[JobRecord, ...]:
        return tuple(self._read(ids))

    def _read(
        self, ids: Sequence[str], listed: State | None = None, failures: int = ALL_FAILURES
    ) -> Iterator[JobRecord]:
        """Read jobs in one call; those that are not known any more are left out.

        Args:
            listed: the state whose index has them, for jobs that do not say their own any more.
            failures: from which one on they are read.
        """
        reply = self._run("find", failures, *ids)
        for flat, errors, due, cancelled, job_id, lock_holder, said, awaited_key in reply:
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            state = records.state(said) or listed
            if fields and state:
                yield records.to_record(
                    *(job_id, state, fields, errors, due, bool(cancelled)),
                    lock_holder,
                    awaited_key,
                )

    def counts(self) -> Mapping[State, int]:
        flat = self._run("count_jobs")
        return {State(name): count for name, count in zip(flat[::2], flat[1::2], strict=True)}

    def totals(self) -> Totals:
        flat = self._run("read_hash", "totals")
        stored = dict(zip(flat[::2], map(number, flat[1::2]), strict=True))
        return Totals(succeeded=stored.get("succeeded") or 0, failed=stored.get("failed") or 0)

    def queues(self) -> tuple[QueueInfo, ...]:
        flat = self._run("queues")
        return tuple(
            QueueInfo(
                name=name,
                size=size,
                latency=latency,
                paused=bool(paused),
                has_turns=bool(has_turns),
                waiting=waiting,
            )
            for name, size, latency, paused, has_turns, waiting in zip(
                *(flat[i::6] for i in range(6)), strict=True
            )
        )

    def fair_keys(self, queue: str) -> tuple[FairKey, ...]:
        flat = self._run("fair_keys", queue)
        return longest_lines(map(FairKey, flat[::3], flat[1::3], flat[2::3]))

    def queue_names(self) -> tuple[str, ...]:
        return tuple(self._run("queue_names"))

    def jobs(
        self, state: State, *, queue: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[JobRecord, ...]:
        if queue is None or state in LINED_UP:
            # Only the jobs of the page are read.
            return tuple(self._records(state, queue, offset, limit))
        chosen = (one for one in self._records(state) if one.job.queue == queue)
        return tuple(islice(chosen, offset, offset + limit))

    def _records(
        self, state: State, queue: str | None = None, offset: int = 0, limit: int = ALL
    ) -> Iterator[JobRecord]:
        while limit > 0 and (
            ids := self._run("list_jobs", state.value, queue or "", offset, min(PAGE, limit))
        ):
            yield from self._read(ids, state)
            offset += len(ids)
            limit -= len(ids)

    def scan(self, wanted: Filter, after: Cursor | None, most: int) -> ScanReply:
        reply = self._run("scan", *scanning.arguments(wanted, after, most))
        return scanning.to_portion(wanted, reply)

    def workers(self) -> tuple[WorkerInfo, ...]:
        known = filter(None, map(to_worker, self._run("workers")))
        return tuple(sorted(known, key=lambda info: info.id))

    def last_runs(self) -> Mapping[str, str]:
        flat = self._run("read_hash", "runs")
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def postponed_tasks(self) -> Mapping[str, int]:
        flat = self._run("postponed_tasks")
        return {name: number(at) or 0 for name, at in zip(flat[::2], flat[1::2], strict=True)}

    def switched_off(self) -> Mapping[str, int]:
        flat = self._run("read_hash", "off")
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return {name: number(since) or 0 for name, since in pairs}

    def switch_off(self, name: str) -> None:
        self._run("switch_task", name, 0)

    def switch_on(self, name: str) -> None:
        self._run("switch_task", name, 1)

    def apply_one(self, action: JobAction, job_id: str) -> bool:
        changed, _ = self._run("apply_action", action.value, job_id, "", "")
        return bool(changed)

    def apply(self, action: JobAction, jobs: Sequence[Candidate]) -> Applied:
        changed = locked = 0
        for start in range(0, len(jobs), ACTION_PORTION):
            seen = jobs[start : start + ACTION_PORTION]
            triples = ((job.id, job.state.value, job.token) for job in seen)
            done = self._run("apply_action", action.value, *chain.from_iterable(triples))
            changed, locked = changed + done[0], locked + done[1]
        return Applied(changed, locked)

    def move(
        self, ids: Sequence[str], source: str, target: str, *, held: bool = False
    ) -> tuple[str, ...]:
        moved: list[str] = []
        for start in range(0, len(ids), ACTION_PORTION):
            portion = ids[start : start + ACTION_PORTION]
            moved += self._run("move", source, target, int(held), *portion)
        return tuple(moved)

    def adopt(self, records: Sequence[JobRecord], queue: str) -> None:
        for record in records:
            if not record.is_bound:
                self._pusher.adopt(record, queue)

    def hold_moves(self, owner: str, milliseconds: int) -> bool:
        return bool(self._run("hold_moves", owner, milliseconds))

    def clear(self, queue: str) -> int:
        total, left = self._run("clear", queue, CLEAR_PORTION)
        while left:
            count, left = self._run("clear", queue, CLEAR_PORTION, left)
            total += count
        return int(total)

    def pause(self, queue: str) -> None:
        self._run("pause", queue, 1)

    def resume(self, queue: str) -> None:
        self._run("pause", queue, 0)

    def command_worker(self, worker_id: str, command: WorkerCommand) -> bool:
        return bool(self._run("command_worker", worker_id, command.value))
