"""The broker in Redis: every transition is one script, safe to send twice."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django_jobs.brokers.base import (
    MAX_CRASHES,
    Broker,
    Order,
    Pulse,
    Reservation,
    Share,
    WorkerInfo,
)
from django_jobs.job import Job, Settlement
from django_jobs.redis_url import redact_url

from . import keys
from .connection import LOST, connect, plain_errors
from .health import problems
from .inspection import RedisInspection
from .scripts import Scripts

BATCH = 1000
"""Jobs sent in one call: enough to make the round trip cheap, too few to block others for long."""

LONGEST_POP = 10.0
"""Seconds after which a wait is over in any case."""


class RedisBroker(Broker):
    """Keeps jobs in Redis, where they survive this process.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        username: of the Redis user, if it is not in the URL.
        password: of the Redis user, if it is not in the URL.
        namespace: what the keys begin with, so that several sites can share a server.
        lease: seconds after which a silent worker loses its jobs.
        socket_timeout: seconds that one call may take.
        clock: Lua text that replaces `clock.lua`, for tests.
    """

    persistent = True

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        namespace: str = "jobs",
        lease: float = 20.0,
        socket_timeout: float = 5.0,
        clock: str | None = None,
    ) -> None:
        self.lease = lease
        self._prefix = keys.prefix(namespace)
        self._address = redact_url(url)
        self._client = connect(
            url, username=username, password=password, socket_timeout=socket_timeout
        )
        # Blocking pops need connections that the socket timeout cuts off later, yet in the end: a
        # server that vanished without a word would keep a worker waiting for hours.
        self._waiting = connect(
            url,
            username=username,
            password=password,
            socket_timeout=LONGEST_POP + socket_timeout,
            resend_after=LOST,
        )
        self._scripts = Scripts(self._client, self._prefix, clock)
        self.inspection = RedisInspection(self._client, self._run, self._prefix, self._address)

    def _run(self, script: str, *arguments: str | int) -> Any:
        with plain_errors(self._address):
            return self._scripts(script, *arguments)

    # --- hot path ----------------------------------------------------------------------------

    def push(self, jobs: Sequence[Job]) -> None:
        for start in range(0, len(jobs), BATCH):
            batch = jobs[start : start + BATCH]
            self._run("push", *(value for job in batch for value in keys.job_arguments(job)))

    def reserve(
        self,
        worker: str,
        call: int,
        shares: Sequence[Share],
        limit: int,
        settlements: Sequence[Settlement] = (),
    ) -> Reservation:
        arguments: list[str | int] = [
            *(worker, call, limit, self._lease_ms, MAX_CRASHES, len(shares), len(settlements))
        ]
        for share in shares:
            arguments += (share.queue, share.quota)
        for one in settlements:
            arguments += (
                one.job_id,
                one.token,
                one.state.value,
                one.result,
                keys.failure_text(one.failure),
                one.delay,
                one.waited,
                one.duration,
            )
        refused, due_in, claims = self._run("reserve", *arguments)
        return Reservation(
            claims=keys.to_claims(claims),
            refused=tuple(refused),
            due_in=None if due_in < 0 else due_in,
        )

    @property
    def _lease_ms(self) -> int:
        return round(self.lease * 1000)

    def wait(self, queues: Collection[str], timeout: float) -> None:
        markers = [f"{self._prefix}m:{name}" for name in queues or "*"]
        with plain_errors(self._address):
            self._waiting.blpop(markers, timeout=min(max(timeout, 0.001), LONGEST_POP))

    # --- time --------------------------------------------------------------------------------

    def heartbeat(self, info: WorkerInfo, call: int) -> Pulse:
        lost, order, recovered, buried = self._run(
            "heartbeat",
            info.id,
            call,
            self._lease_ms,
            json.dumps(asdict(info)),
            info.succeeded,
            info.failed,
            MAX_CRASHES,
        )
        return Pulse(
            lost=bool(lost),
            order=Order(order) if order in tuple(Order) else None,
            recovered=tuple(recovered),
            buried=tuple(buried),
        )

    def leave(self, worker: str) -> None:
        self._run("leave", worker)

    def ticks(self) -> Mapping[str, int]:
        with plain_errors(self._address):
            stored = self._client.hgetall(f"{self._prefix}ticks")
        return {str(name): int(tick) for name, tick in stored.items()}

    def claim_tick(self, name: str, last: int | None, tick: int, job: Job | None) -> bool:
        stored_as = "" if last is None else last
        arguments = keys.job_arguments(job) if job else []
        return bool(self._run("claim_tick", name, stored_as, tick, *arguments))

    # --- care --------------------------------------------------------------------------------

    def problems(self) -> tuple[str, ...]:
        with plain_errors(self._address):
            return problems(self._client, self._address)

    def close(self) -> None:
        self._client.close()
        self._waiting.close()
