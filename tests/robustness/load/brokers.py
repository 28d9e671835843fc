"""Brokers with few and with many jobs, and how their work is measured."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.records import State
from tests.support.builders import make_jobs
from tests.support.driver import Driver
from tests.support.redis_server import RedisServer

TIMED = "LOAD_SCALE" in os.environ
"""Whether times are compared, too, for which the machine should have nothing else to do."""


FEW = 1_000


MANY = int(os.environ.get("LOAD_SCALE", "10000"))


PORTION = 1_000


PAIRS = 150


@dataclass
class Loaded:
    """A broker on a server of its own, in which so many small jobs wait."""

    url: str
    broker: RedisBroker
    client: redis.Redis
    size: int
    worker: Driver
    memory: int = 0

    @classmethod
    def build(cls, server: RedisServer, size: int) -> Loaded:
        client = redis.Redis.from_url(server.url)
        broker = RedisBroker(server.url)
        loaded = cls(server.url, broker, client, size, Driver(broker))
        loaded.worker.take(1)  # what a worker and the scripts need is there before jobs are weighed
        before = loaded._used()
        for _ in range(0, size, PORTION):
            broker.push(make_jobs(PORTION, arguments='[[12345],{"notify":true}]'))
        loaded.memory = loaded._used() - before
        return loaded

    def middle(self) -> str:
        """The id of a job in the middle of the queue."""
        page = self.broker.inspection.jobs(State.QUEUED, offset=self.size // 2, limit=1)
        return page[0].job.id

    def work(self, call: Callable[[Loaded], Any]) -> tuple[int, int]:
        """Make a call; return how many commands Redis did for it, and how many bytes it sent."""
        before = self._statistics()
        call(self)
        commands, sent = (now - then for now, then in zip(self._statistics(), before, strict=True))
        return commands, sent

    def seconds(self, call: Callable[[Loaded], Any]) -> float:
        began = perf_counter()
        call(self)
        return perf_counter() - began

    def close(self) -> None:
        self.broker.close()
        self.client.close()

    def _used(self) -> int:
        return int(self.client.info("memory")["used_memory"])

    def _statistics(self) -> tuple[int, int]:
        """Commands that scripts make are counted as well."""
        statistics = self.client.info("commandstats")
        calls = {name: int(each["calls"]) for name, each in statistics.items()}
        commands = sum(count for name, count in calls.items() if name != "cmdstat_info")
        sent = int(self.client.info("stats")["total_net_output_bytes"])
        return commands, sent


def ratio(loads: tuple[Loaded, Loaded], call: Callable[[Loaded], Any]) -> float:
    """How much longer a call takes with many jobs: medians of measurements in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(PAIRS):
        for index in (0, 1) if turn % 2 else (1, 0):
            times[index].append(loads[index].seconds(call))
    few, many = map(median, times)
    print(f"{few * 1000:.3f} ms with {FEW:,} jobs, {many * 1000:.3f} ms with {MANY:,}")
    return many / few
