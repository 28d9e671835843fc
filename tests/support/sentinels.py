"""A primary with replicas, and the sentinels that watch them."""

from __future__ import annotations

import contextlib
from typing import Any

import redis

from tests.support.certificates import Certificate
from tests.support.ports import HOST
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

SERVICE = "shop"


class SentinelServer(RedisServer):
    """One sentinel. It writes down in its settings what it finds out."""

    arguments = ("--sentinel",)

    def _own_settings(self) -> list[str]:
        return self._places()


class SentinelGroup:
    """A primary, its replicas and their sentinels, as a site would have them.

    Args:
        replicas: how many.
        sentinels: how many; more than half of them decide.
        password: of the servers that have data.
        sentinel_password: of the sentinels.
        certificate: with one, all connections use TLS.
    """

    def __init__(
        self,
        replicas: int = 2,
        sentinels: int = 3,
        *,
        password: str = "",
        sentinel_password: str = "",
        certificate: Certificate | None = None,
    ) -> None:
        self.password, self.sentinel_password = password, sentinel_password
        secrets = [f"requirepass {password}", f"masterauth {password}"] if password else []
        self.servers = [
            RedisServer([*secrets, "repl-diskless-sync-delay 0"], certificate)
            for _ in range(1 + replicas)
        ]
        self.sentinels: list[SentinelServer] = []
        self._number, self._certificate = sentinels, certificate

    def start(self) -> None:
        """Start everything; return when the sentinels know each other and the replicas."""
        for server in self.servers:
            server.start()
        watching = self._watching(self.servers[0], quorum=self._number // 2 + 1)
        for _ in range(self._number):
            self.sentinels.append(SentinelServer(watching, self._certificate))
            self.sentinels[-1].start()
        first, *replicas = self.servers
        for server in replicas:
            self.ask(server, "REPLICAOF", HOST, first.port)
        wait_until(self._is_complete, "the sentinels do not know all others")

    def _watching(self, primary: RedisServer, *, quorum: int) -> list[str]:
        """Return the settings of a sentinel, which has them when it first calls a server."""
        secret, settings = self.sentinel_password, []
        if secret:
            settings += [f"requirepass {secret}", f"sentinel sentinel-pass {secret}"]
        settings.append(f"sentinel monitor {SERVICE} {HOST} {primary.port} {quorum}")
        if self.password:
            settings.append(f"sentinel auth-pass {SERVICE} {self.password}")
        return [
            *settings,
            # A machine that is busy must not make them replace a primary that lives.
            f"sentinel down-after-milliseconds {SERVICE} 60000",
            f"sentinel failover-timeout {SERVICE} 2000",
        ]

    def _is_complete(self) -> bool:
        replicas, others = len(self.servers) - 1, len(self.sentinels) - 1
        for sentinel in self.sentinels:
            told = self.ask_sentinel(sentinel, "SENTINEL", "MASTER", SERVICE)
            if (int(told["num-slaves"]), int(told["num-other-sentinels"])) != (replicas, others):
                return False
        return self.replicas_in_step() == replicas

    def replicas_in_step(self) -> int:
        """Wait for the replicas; return how many have all that the primary had written by now."""
        with self.client(self.primary) as client:
            client.set("written", "last")
            return int(client.wait(len(self.servers) - 1, 2000))

    @property
    def primary(self) -> RedisServer:
        """The server that the sentinels hold for the primary."""
        _, port = self.ask_sentinel(
            self.sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE
        )
        return next(server for server in self.servers if server.port == int(port))

    def fail_over(self) -> RedisServer:
        """Kill the primary; return the server that took over."""
        old = self.primary
        old.kill9()
        return self.replace(old)

    def hand_over(self) -> RedisServer:
        """Let the sentinels make a replica the primary, as before maintenance; return it.

        The old primary takes no more writes then, which the sentinels see to only seconds later.
        """
        old = self.primary
        replicas = sum(server.is_running for server in self.servers) - 1
        wait_until(lambda: self.replicas_in_step() == replicas, "a replica lacks something")
        new = self.replace(old)
        self.ask(old, "REPLICAOF", HOST, new.port)
        self.ask(old, "CLIENT", "KILL", "TYPE", "normal")
        return new

    def replace(self, old: RedisServer) -> RedisServer:
        """Let the sentinels make a replica the primary, whether or not the old one lives."""

        def has_changed() -> bool:
            told = self.ask_sentinel(self.sentinels[0], "SENTINEL", "MASTER", SERVICE)
            if "failover_in_progress" in told["flags"]:
                return False
            if int(told["port"]) != old.port:
                return True
            with contextlib.suppress(redis.ResponseError):  # no replica is fit for it yet
                self.ask_sentinel(self.sentinels[0], "SENTINEL", "FAILOVER", SERVICE)
            return False

        wait_until(has_changed, "no failover")
        return self.primary

    @property
    def url(self) -> str:
        """The address, with passwords."""
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in self.sentinels)
        login = f":{self.password}@" if self.password else ""
        secret = f"?sentinel_password={self.sentinel_password}" if self.sentinel_password else ""
        scheme = "rediss+sentinel" if self.servers[0].certificate else "redis+sentinel"
        return f"{scheme}://{login}{hosts}/{SERVICE}/0{secret}"

    def client(self, server: RedisServer) -> redis.Redis:
        return redis.Redis.from_url(
            server.url, password=self.password or None, decode_responses=True
        )

    def ask(self, server: RedisServer, *command: str | int) -> Any:
        with self.client(server) as client:
            return client.execute_command(*command)

    def ask_sentinel(self, sentinel: SentinelServer, *command: str | int) -> Any:
        password = self.sentinel_password or None
        url = sentinel.url.replace("/0", "")
        with redis.Redis.from_url(url, password=password, decode_responses=True) as client:
            return client.execute_command(*command)

    def stop(self) -> None:
        for server in (*self.sentinels, *self.servers):
            server.stop()


def started_group(**options: Any) -> SentinelGroup:
    """Return a group that has started; if it cannot, nothing of it is left."""
    group = SentinelGroup(**options)
    try:
        group.start()
    except BaseException:
        group.stop()
        raise
    return group
