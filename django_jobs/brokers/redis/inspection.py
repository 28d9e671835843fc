"""The read side of the broker in Redis."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, cast

import redis

from django_jobs.brokers.base import Order, WorkerInfo
from django_jobs.brokers.inspection import Inspection, QueueInfo, Totals
from django_jobs.job import Record, State

from . import keys
from .connection import plain_errors

PAGE = 500
"""How many ids are read at once where a listing has to be filtered."""

CLEAR_PORTION = 1000
WORKER_FIELDS = frozenset(field.name for field in dataclasses.fields(WorkerInfo))


class RedisInspection(Inspection):
    """Looks at the keys of one broker.

    Args:
        client: the broker's.
        run: calls one of the broker's scripts.
        prefix: what all keys begin with.
        address: the server's URL without secrets, for error messages.
    """

    def __init__(
        self, client: redis.Redis, run: Callable[..., Any], prefix: str, address: str
    ) -> None:
        self._client = client
        self._run = run
        self._prefix = prefix
        self._address = address

    def find(self, job_id: str) -> Record | None:
        return next(self._read([job_id]), None)

    def _read(self, ids: Sequence[str]) -> Iterator[Record]:
        """Read jobs in one call; those that are not known any more are left out."""
        for job_id, (flat, failures, due) in zip(ids, self._run("find", *ids), strict=True):
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            if fields:
                yield keys.to_record(job_id, fields, failures, due)

    def counts(self) -> Mapping[State, int]:
        flat = self._run("counts")
        return {State(name): count for name, count in zip(flat[::2], flat[1::2], strict=True)}

    def totals(self) -> Totals:
        with plain_errors(self._address):
            stored = self._client.hgetall(f"{self._prefix}totals")
        return Totals(
            succeeded=int(stored.get("succeeded", 0)), failed=int(stored.get("failed", 0))
        )

    def queues(self) -> tuple[QueueInfo, ...]:
        flat = self._run("queues")
        return tuple(
            QueueInfo(name=name, size=size, latency=latency, paused=bool(paused))
            for name, size, latency, paused in zip(*(flat[i::4] for i in range(4)), strict=True)
        )

    def jobs(
        self, state: State, *, queue: str | None = None, offset: int = 0, limit: int = 50
    ) -> tuple[Record, ...]:
        end = offset + limit
        with plain_errors(self._address):
            ids = self._ids(state, queue)
            if queue is None or state is State.QUEUED:
                # What is not on the page is not read.
                return tuple(self._read_all(islice(ids, offset, end)))
            chosen = (one for one in self._read_all(ids) if one.job.queue == queue)
            return tuple(islice(chosen, offset, end))

    def _read_all(self, ids: Iterator[str]) -> Iterator[Record]:
        while batch := list(islice(ids, PAGE)):
            yield from self._read(batch)

    def _ids(self, state: State, queue: str | None) -> Iterator[str]:
        if state is State.QUEUED:
            for name in [queue] if queue else [one.name for one in self.queues()]:
                yield from self._index(f"q:{name}", newest_first=False)
        elif state is State.RUNNING:
            for worker in self._index("leases", newest_first=False):
                yield from cast("list[str]", self._client.hkeys(f"{self._prefix}f:{worker}"))
        else:
            yield from self._index(f"s:{state.value}", newest_first=state.is_final)

    def _index(self, name: str, *, newest_first: bool) -> Iterator[str]:
        start = 0
        key = f"{self._prefix}{name}"
        while page := self._client.zrange(key, start, start + PAGE - 1, desc=newest_first):
            yield from cast("list[str]", page)
            start += PAGE

    def workers(self) -> tuple[WorkerInfo, ...]:
        known = [_worker_info(text) for text in self._run("workers")]
        return tuple(sorted(known, key=lambda info: info.id))

    def retry(self, job_id: str) -> bool:
        return bool(self._run("repair", "retry", job_id))

    def cancel(self, job_id: str) -> bool:
        return bool(self._run("repair", "cancel", job_id))

    def delete(self, job_id: str) -> bool:
        return bool(self._run("repair", "delete", job_id))

    def clear(self, queue: str) -> int:
        total = 0
        while count := int(self._run("clear", queue, CLEAR_PORTION)):
            total += count
        return total

    def pause(self, queue: str) -> None:
        self._run("pause", queue, 1)

    def resume(self, queue: str) -> None:
        self._run("pause", queue, 0)

    def order(self, worker: str, order: Order) -> bool:
        return bool(self._run("order", worker, order.value))


def _worker_info(text: str) -> WorkerInfo:
    # During a deploy a newer worker may say more than this process understands.
    fields = {name: value for name, value in json.loads(text).items() if name in WORKER_FIELDS}
    return WorkerInfo(
        **{
            **fields,
            "queues": tuple(fields["queues"]),
            "running": tuple((job_id, at) for job_id, at in fields["running"]),
            "stuck": tuple(fields["stuck"]),
        }
    )
