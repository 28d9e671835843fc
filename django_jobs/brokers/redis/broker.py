"""The broker in Redis: every transition is one script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import TICKS_PER_CALL
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.conf.redis_url import read_redis_url
from django_jobs.errors import BrokerRefused
from django_jobs.jobs.records import Job
from django_jobs.jobs.ticks import Tick

from . import codec
from .batch_store import RedisBatches
from .caller import Caller
from .doctor import RedisDoctor
from .errors import plain_errors
from .health import problems, store_info
from .inspection import RedisInspection
from .pushing import Pusher
from .reading import number
from .session import RedisSession


class RedisBroker(Broker):
    """Keeps jobs in Redis, where they survive this process.

    Args:
        url: in one of the forms that `read_redis_url` reads.
        username: of the Redis user, if it is not in the URL.
        password: of the Redis user, if it is not in the URL.
        sentinel_username: at the sentinels, if it is not in the URL.
        sentinel_password: of the sentinels, if it is not in the URL.
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
        sentinel_username: str | None = None,
        sentinel_password: str | None = None,
        namespace: str = "jobs",
        lease: float = 20.0,
        socket_timeout: float = 5.0,
        clock: str | None = None,
    ) -> None:
        self.lease = lease
        address = read_redis_url(url).with_login(
            username=username,
            password=password,
            sentinel_username=sentinel_username,
            sentinel_password=sentinel_password,
        )
        self._caller = Caller(
            address,
            namespace=namespace,
            lease=lease,
            socket_timeout=socket_timeout,
            clock=clock,
        )
        self.place = f"{self._caller.address}, namespace {namespace}"
        self._pusher = Pusher(self._caller)
        self.batches = RedisBatches(self._caller.run, self._pusher)
        self.inspection = RedisInspection(self._caller.run, self._pusher)
        self.doctor = RedisDoctor(self._caller.run, self._caller.lease_ms)

    def push(self, jobs: Sequence[Job]) -> list[str]:
        return self._pusher.push(jobs)

    def session(self, worker_id: str) -> RedisSession:
        return RedisSession(worker_id, self._caller)

    # --- time --------------------------------------------------------------------------------

    def now(self) -> int:
        return int(self._caller.run("now"))

    def ticks(self) -> Mapping[str, int]:
        flat = self._caller.run("ticks")
        ticks = zip(flat[::2], map(number, flat[1::2]), strict=True)
        return {name: tick for name, tick in ticks if tick is not None}

    def claim_ticks(self, ticks: Sequence[Tick]) -> tuple[bool, ...]:
        if not ticks:
            return ()
        others = ticks[TICKS_PER_CALL:]
        try:
            claimed = self._claim_portion(ticks[:TICKS_PER_CALL])
        except BrokerRefused:
            self.claim_ticks(others)  # they have nothing to do with a damaged queue of another one
            raise
        return claimed + self.claim_ticks(others)

    def _claim_portion(self, ticks: Sequence[Tick]) -> tuple[bool, ...]:
        arguments: list[str | int] = []
        for tick in ticks:
            job = codec.stored([tick.job] if tick.job else [])
            last = "" if tick.last is None else tick.last
            arguments += (tick.name, last, tick.at, len(job), *job)
        return tuple(map(bool, self._caller.run("claim_ticks", *arguments)))

    def config_warnings(self) -> tuple[Problem, ...]:
        with plain_errors(self._caller.address):
            return problems(self._caller.client, self._caller.address)

    def store_info(self) -> StoreInfo:
        with plain_errors(self._caller.address):
            return store_info(self._caller.client, self._caller.address)

    def close(self) -> None:
        self._caller.close()
