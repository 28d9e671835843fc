"""A Redis Cluster of real servers."""

from __future__ import annotations

from itertools import count
from typing import Any

import redis
from redis.crc import key_slot

from tests.support.ports import HOST
from tests.support.redis_server import CLUSTER, RedisServer
from tests.support.waiting import wait_until

SLOTS = 16384


class Cluster:
    """Primaries that share the slots, each with one replica.

    Args:
        primaries: how many; more than half of them decide on a failover.
    """

    def __init__(self, primaries: int = 3) -> None:
        settings = (
            *(CLUSTER, "cluster-node-timeout 5000", "repl-diskless-sync-delay 0"),
            "repl-ping-replica-period 1",  # nodes do not tell of a replica that has heard nothing
        )
        self.servers = [RedisServer(settings) for _ in range(2 * primaries)]
        self._primaries = primaries

    def start(self) -> None:
        """Start all nodes and join them; return when each knows all."""
        for server in self.servers:
            server.start()
        for number, server in enumerate(self.servers[: self._primaries]):
            ends = [SLOTS * place // self._primaries for place in (number, number + 1)]
            self.ask(server, "CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            self.ask(server, "CLUSTER", "ADDSLOTS", *range(*ends))
        for server in self.servers:  # each with each, as waiting for gossip takes long
            for other in self.servers:
                self.ask(server, "CLUSTER", "MEET", HOST, other.port)
        wait_until(self._all_have_met, "the nodes have not met")
        for number, server in enumerate(self.servers[self._primaries :]):
            self.ask(server, "CLUSTER", "REPLICATE", self.id_of(self.servers[number]))
        wait_until(self._is_complete, "the cluster is not complete")

    def _all_have_met(self) -> bool:
        ids = {self.id_of(server) for server in self.servers}
        return all(self._ids_known_to(server) == ids for server in self.servers)

    def _is_complete(self) -> bool:
        for server in self.servers:
            info = self.ask(server, "CLUSTER", "INFO")
            ranges = self.ask(server, "CLUSTER", "SLOTS")
            if info["cluster_state"] != "ok" or any(len(one) < 4 for one in ranges):
                return False
        replicas = self.servers[self._primaries :]
        links = [self.ask(server, "INFO", "replication") for server in replicas]
        return all(link.get("master_link_status") == "up" for link in links)

    def _ids_known_to(self, server: RedisServer) -> set[str]:
        nodes: dict[str, dict[str, Any]] = self.ask(server, "CLUSTER", "NODES")
        # While two nodes shake hands, each has a name for the other that nobody else knows.
        return {node["node_id"] for node in nodes.values() if "handshake" not in node["flags"]}

    def id_of(self, server: RedisServer) -> str:
        return str(self.ask(server, "CLUSTER", "MYID"))

    def owner(self, namespace: str) -> RedisServer:
        """The node that has the keys of a namespace, as a node knows that is not killed."""
        asked = next(server for server in self.servers if server.is_running)
        slot = slot_of(namespace)
        for first, last, primary, *_ in self.ask(asked, "CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(one for one in self.servers if one.port == primary[1])
        raise AssertionError(f"nobody has slot {slot}")

    def fail_over(self, namespace: str) -> None:
        """Kill the node that has the keys of a namespace; return when another one took over."""
        old = self.owner(namespace)
        old.kill9()
        wait_until(lambda: self.owner(namespace) is not old, "no failover")

    def replicas_in_step(self, namespace: str) -> int:
        """Wait for the replica; return whether it has all that the primary had written by now."""
        with self.client(self.owner(namespace)) as client:
            client.set(f"{{{namespace}}}written", "last")
            return int(client.wait(1, 2000))

    def move(self, namespace: str, target: RedisServer) -> int:
        """Move the slot of a namespace to another primary, and return how many keys it had."""
        source, slot = self.owner(namespace), slot_of(namespace)
        source_id, target_id = self.id_of(source), self.id_of(target)
        self.ask(target, "CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        self.ask(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        moved = 0
        while keys := self.ask(source, "CLUSTER", "GETKEYSINSLOT", slot, 10):
            place = (HOST, target.port, "", 0, 10_000)
            self.ask(source, "MIGRATE", *place, "KEYS", *keys)
            moved += len(keys)
        for server in (target, source):
            self.ask(server, "CLUSTER", "SETSLOT", slot, "NODE", target_id)
        return moved

    @property
    def url(self) -> str:
        """The address, which names all nodes."""
        return f"redis+cluster://{','.join(f'{HOST}:{server.port}' for server in self.servers)}"

    def url_of(self, server: RedisServer) -> str:
        """An address that names one node."""
        return f"redis+cluster://{HOST}:{server.port}"

    def client(self, server: RedisServer) -> redis.Redis:
        return redis.Redis(host=HOST, port=server.port, decode_responses=True)

    def ask(self, server: RedisServer, *command: str | int) -> Any:
        with self.client(server) as client:
            name = " ".join(map(str, command[:2])) if command[0] == "CLUSTER" else command[0]
            rest = command[2:] if command[0] == "CLUSTER" else command[1:]
            return client.execute_command(name, *rest)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


def slot_of(namespace: str) -> int:
    return key_slot(f"{{{namespace}}}:".encode())


def namespace_in(part: int, parts: int = 3) -> str:
    """Return a namespace whose slot is in a part of the slots, such as that of one primary."""
    names = (f"site{number}" for number in count())
    return next(name for name in names if slot_of(name) * parts // SLOTS == part)


def started_cluster() -> Cluster:
    """Return a cluster that has started; if it cannot, nothing of it is left."""
    cluster = Cluster()
    try:
        cluster.start()
    except BaseException:
        cluster.stop()
        raise
    return cluster
