"""The broker in Redis: every transition is one script, safe to send twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import redis

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import MAX_CRASHES
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.brokers.messages import (
    NOTHING,
    Answer,
    Call,
    Order,
    Patience,
    Pulse,
    Report,
    Reservation,
    WorkerInfo,
)
from django_jobs.conf.redis_url import redact_url
from django_jobs.jobs.records import Job, Tick
from django_jobs.waits import capped

from . import keys
from .connection import connect, is_spoilt, plain_errors
from .doctor import RedisDoctor
from .health import problems, store_info
from .inspection import RedisInspection
from .metrics import report_arguments
from .portions import portions
from .reading import number
from .resending import LOST, Resending
from .scripts import Scripts
from .senders import Sender, Senders
from .wire import Wire

logger = logging.getLogger("django_jobs")

ROUSED = 60
"""Seconds after which what rouses a worker is gone, for workers that never took leave."""


class RedisBroker(Broker):
    """Keeps jobs in Redis, where they survive this process.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        username: of the Redis user, if it is not in the URL.
        password: of the Redis user, if it is not in the URL.
        namespace: what the keys begin with, so that several sites can share a server.
        lease: seconds after which a silent worker loses its jobs.
        socket_timeout: seconds that one call may take, with all that it takes to send it again.
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
        connecting = float(self._client.connection_pool.connection_kwargs["socket_connect_timeout"])
        calling = Resending(seconds=socket_timeout, connecting=connecting)
        # Blocking pops need connections that the socket timeout cuts off later, yet in the end: a
        # server that vanished without a word would keep a worker waiting for hours.
        waiting = Resending(seconds=capped() + socket_timeout, connecting=connecting, after=LOST)
        self._scripts = Scripts(Wire(self._client, calling), self._prefix, clock)
        self._patient = Scripts(Wire(self._client, waiting), self._prefix, clock)
        self._senders = Senders()
        self.inspection = RedisInspection(self._run)
        self.doctor = RedisDoctor(self._run, self._lease_ms)

    def _run(self, script: str, *arguments: str | int) -> Any:
        call = partial(self._scripts, script, *arguments)
        return self._ask(call, call)

    def _ask(self, call: Callable[[], Any], again: Callable[[], Any]) -> Any:
        """Make a call, and another one if what the first found under our keys was not ours."""
        try:
            return call()
        except redis.RedisError as error:
            with plain_errors(self._address):
                if not is_spoilt(error):
                    raise
                self._set_aside()
                return again()

    def _set_aside(self) -> None:
        names = self._scripts("set_aside", self._lease_ms)
        if names:
            logger.error(
                "Somebody else wrote to keys of the jobs in Redis at %s. What stood there was set"
                " aside, and the rest goes on: %s (manage.py jobs check says more).",
                self._address,
                ", ".join(names),
            )

    # --- hot path ----------------------------------------------------------------------------

    def push(self, jobs: Sequence[Job]) -> None:
        sender = self._senders.take()
        try:
            for portion in portions(jobs):
                push = partial(self._push, sender, keys.stored(portion))
                self._ask(push, push)
        finally:
            self._senders.put_back(sender)

    def _push(self, sender: Sender, values: Sequence[str | int]) -> None:
        while not self._scripts("push", sender.name, sender.next_number(), *values):
            sender.rename()

    def send(self, worker: str, call: Call, patience: Patience | None = None) -> Answer:
        arguments = self._arguments(worker, call)
        with plain_errors(self._address):
            if patience:
                pop = self._pop(patience.queues, patience.seconds, worker)
                answer = self._patient.send("reserve", *arguments, behind=[pop])
            else:
                answer = self._scripts.send("reserve", *arguments)
        # Who sends it again need not wait again.
        return partial(self._reservation, answer, partial(self._scripts, "reserve", *arguments))

    def _reservation(self, answer: Callable[[], Any], again: Callable[[], Any]) -> Reservation:
        refused, due_in, reserved_at, claims, *rare = self._ask(answer, again)
        buried, metadata = rare or ((), ())
        return Reservation(
            claims=keys.to_claims(int(reserved_at), claims, metadata),
            refused=tuple(refused),
            due_in=None if due_in < 0 else due_in,
            buried=tuple(buried),
        )

    def _arguments(self, worker: str, call: Call) -> list[str | int]:
        arguments: list[str | int] = [
            *(worker, call.lane.value, call.number, call.limit, self._lease_ms, MAX_CRASHES),
            *(len(call.shares), len(call.settlements)),
        ]
        for share in call.shares:
            arguments += (share.queue, share.quota)
        for one in call.settlements:
            arguments += keys.settled(one)
        for one in call.settlements:
            if one.metadata is not None:
                arguments += keys.saved(one)
        return arguments

    @property
    def _lease_ms(self) -> int:
        return round(self.lease * 1000)

    def wait(self, queues: Collection[str], timeout: float, worker: str = "") -> None:
        pop = partial(self._patient.wire, *self._pop(queues, timeout, worker))
        self._ask(pop, pop)

    def _pop(self, queues: Collection[str], timeout: float, worker: str) -> tuple[str, ...]:
        # Its own door comes first: who is roused takes no marker along.
        markers = (f"{self._prefix}m:{name}" for name in queues or "*")
        seconds = max(0.001, capped(timeout))  # to Redis, 0 means no end
        return ("BLPOP", f"{self._prefix}d:{worker}", *markers, f"{seconds:.3f}")

    def rouse(self, worker: str) -> None:
        self._run("rouse", worker, ROUSED)

    # --- time --------------------------------------------------------------------------------

    def heartbeat(self, info: WorkerInfo, call: int, report: Report = NOTHING) -> Pulse:
        lost, order, recovered, buried = self._run(
            "heartbeat",
            info.id,
            call,
            self._lease_ms,
            json.dumps({**asdict(info), "lease": self._lease_ms}),
            info.succeeded,
            info.failed,
            MAX_CRASHES,
            *report_arguments(report),
        )
        return Pulse(
            lost=bool(lost),
            order=Order(order) if order in tuple(Order) else None,
            recovered=tuple(recovered),
            buried=tuple(buried),
        )

    def leave(self, worker: str) -> None:
        self._run("leave", worker)

    def now(self) -> int:
        return int(self._run("now"))

    def ticks(self) -> Mapping[str, int]:
        flat = self._run("ticks")
        ticks = zip(flat[::2], map(number, flat[1::2]), strict=True)
        return {name: tick for name, tick in ticks if tick is not None}

    def claim_ticks(self, ticks: Sequence[Tick]) -> tuple[bool, ...]:
        arguments: list[str | int] = []
        for tick in ticks:
            job = keys.stored([tick.job] if tick.job else [])
            last = "" if tick.last is None else tick.last
            arguments += (tick.name, last, tick.at, len(job), *job)
        return tuple(map(bool, self._run("claim_ticks", *arguments)))

    # --- care --------------------------------------------------------------------------------

    def problems(self) -> tuple[Problem, ...]:
        with plain_errors(self._address):
            return problems(self._client, self._address, self._prefix)

    def store(self) -> StoreInfo:
        with plain_errors(self._address):
            return store_info(self._client, self._address, self._prefix)

    def close(self) -> None:
        for scripts in (self._scripts, self._patient):
            scripts.wire.close()
        self._client.close()
