"""The broker in Redis: every transition is one script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.store_info import Problem, StoreInfo
from django_jobs.conf.redis_url import read_redis_url
from django_jobs.errors import DuplicateJob
from django_jobs.jobs.records import Job, Tick

from . import codec
from .batches import to_batches
from .caller import Caller
from .doctor import RedisDoctor
from .errors import plain_errors
from .health import problems, store_info
from .inspection import RedisInspection
from .reading import number
from .senders import Sender, Senders
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
        self._senders = Senders()
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
        self.inspection = RedisInspection(self._caller.run)
        self.doctor = RedisDoctor(self._caller.run, self._caller.lease_ms)

    def push(self, jobs: Sequence[Job]) -> list[str]:
        sender = self._senders.take()
        ids = [job.id for job in jobs]
        try:
            number = 0
            for portion in to_batches(jobs):
                push = self._push_unique if any(job.lock for job in portion) else self._push
                merged = self._caller.ask(partial(push, sender, portion, number))
                for index, job_id in merged.items():
                    ids[number + index] = job_id
                number += len(portion)
        finally:
            self._senders.put_back(sender)
        return ids

    def _push(self, sender: Sender, jobs: Sequence[Job], _: int) -> Mapping[int, str]:
        """Store jobs of which none is unique."""
        self._send("push", sender, jobs)
        return {}

    def _push_unique(self, sender: Sender, jobs: Sequence[Job], before: int) -> Mapping[int, str]:
        """Store jobs of which some are unique; return which were merged, and with what.

        Args:
            before: how many jobs the caller has pushed in earlier batches, for messages.
        """
        answer, *merged = self._send("push_unique", sender, jobs)
        if answer == "refused":
            index, holder = merged
            raise DuplicateJob(jobs[index].task, holder or None, before + index)
        return dict(zip(merged[::2], merged[1::2], strict=True))

    def _send(self, script: str, sender: Sender, jobs: Sequence[Job]) -> Any:
        """Push jobs, under another name of the sender if this one has made a later push."""
        values = codec.stored(jobs)
        while not (
            reply := self._caller.scripts(script, sender.name, sender.next_number(), *values)
        ):
            sender.rename()
        return reply

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
