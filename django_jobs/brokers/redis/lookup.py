"""Finds the server that has the jobs: by its sentinels, or in its cluster."""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import redis
from redis.crc import key_slot

Options: TypeAlias = dict[str, Any]
"""What a connection of redis-py takes."""

Place: TypeAlias = tuple[str, int]
"""A host and a port."""


class PrimaryNotFound(redis.ConnectionError):
    """No server that was asked knows where the jobs are; the message has each one's reason."""


class Lookup(ABC):
    """Asks several servers, one after the other, where the jobs are at present.

    It is called whenever a connection opens. So a connection that a failover has ended, or whose
    server says that it is not the right one any more, finds the new one by opening again.

    Args:
        servers: how to connect to each.
    """

    asked: str
    """What the servers are called in messages."""

    def __init__(self, servers: Sequence[Options]) -> None:
        self._servers = tuple(servers)

    def __call__(self, seconds: float) -> Place:
        """Return the place of the server that has the jobs.

        Args:
            seconds: that asking may take in all.

        Raises:
            PrimaryNotFound: no server knows.
            redis.TimeoutError: no server answered in time.
        """
        until = time.monotonic() + seconds
        failures: dict[str, redis.RedisError] = {}
        # In random order, as one may be cut off from the others, and know only what was.
        for server in random.sample(self._servers, len(self._servers)):
            # One that does not answer must leave time for the others.
            share = max((until - time.monotonic()) / 2, 0.01)
            timeouts = {"socket_timeout": share, "socket_connect_timeout": share}
            try:
                with redis.Redis.from_pool(redis.ConnectionPool(**server | timeouts)) as one:
                    return self._locate(one, server["host"])
            except redis.RedisError as error:
                failures[f"{server['host']}:{server['port']}"] = error
        reasons = "; ".join(f"{place}: {error}" for place, error in failures.items())
        too_slow = all(isinstance(error, redis.TimeoutError) for error in failures.values())
        raise (redis.TimeoutError if too_slow else PrimaryNotFound)(f"{self.asked} ({reasons})")

    @abstractmethod
    def _locate(self, server: redis.Redis, host: str) -> Place:
        """Return the place, as one server knows it.

        Raises:
            redis.RedisError: it does not answer, or does not know.
        """


def _ask(server: redis.Redis, *command: str) -> Any:
    return server.execute_command(*command)  # type: ignore[no-untyped-call]


class SentinelLookup(Lookup):
    """Asks sentinels for the primary.

    Args:
        sentinels: how to connect to each.
        service: what the sentinels call the primary and its replicas.
    """

    asked = "no sentinel knows the primary"

    def __init__(self, sentinels: Sequence[Options], service: str) -> None:
        super().__init__(sentinels)
        self._service = service

    def _locate(self, server: redis.Redis, host: str) -> Place:
        found: Any = _ask(server, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
        if not found:
            raise redis.ResponseError(f"it monitors no service {self._service!r}")
        return str(found[0]), int(found[1])


class ClusterLookup(Lookup):
    """Asks nodes of a cluster for the one that serves the slot of a key.

    It remembers all nodes of the last answer, so that those that were named first may vanish.

    Args:
        nodes: how to connect to those that are known at first.
        key: any of the keys.
    """

    asked = "no node of the cluster knows which one has the jobs"

    def __init__(self, nodes: Sequence[Options], key: str) -> None:
        super().__init__(nodes)
        self._named = self._servers
        self._slot = key_slot(key.encode())

    def _locate(self, server: redis.Redis, host: str) -> Place:
        # Each is the first slot, the last one, the primary and its replicas; a node that does not
        # know its own name says nothing in its place.
        ranges: Any = _ask(server, "CLUSTER", "SLOTS")
        places = {(str(node[0] or host), int(node[1])) for _, _, *nodes in ranges for node in nodes}
        self._remember(places)
        for first, last, primary, *_ in ranges:
            if first <= self._slot <= last:
                return str(primary[0] or host), int(primary[1])
        raise redis.ResponseError(f"no node serves slot {self._slot} at present")

    def _remember(self, places: set[Place]) -> None:
        options = self._named[0]
        known = [options | {"host": host, "port": port} for host, port in places]
        known += [one for one in self._named if (one["host"], one["port"]) not in places]
        self._servers = tuple(known)


class FoundConnection(redis.Connection):
    """A connection that looks up its server whenever it opens.

    Args:
        lookup: finds the server.
        options: those of redis-py.
    """

    def __init__(self, *, lookup: Lookup, **options: Any) -> None:
        self._lookup = lookup
        super().__init__(**options)  # type: ignore[no-untyped-call]

    def connect(self) -> None:
        """Open the connection; looking up takes its share of the time for that."""
        if self.is_connected:
            return
        seconds = self.socket_connect_timeout
        assert seconds is not None
        self.host, self.port = self._lookup(seconds / 2)
        self.socket_connect_timeout = seconds / 2
        try:
            super().connect()  # type: ignore[no-untyped-call]
        finally:
            self.socket_connect_timeout = seconds


class FoundTLSConnection(FoundConnection, redis.SSLConnection):
    """The same with TLS."""
