"""What all runs share: a server, and those to whom nothing happens."""

from __future__ import annotations

import redis

from django_jobs.brokers.redis import RedisBroker
from tests.support.clock import MOVABLE_CLOCK


class SharedServer:
    """A server, a client, and two brokers whose calls never fail, with jobs of their own.

    Args:
        socket: path of the server's.
    """

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self.client = redis.Redis(unix_socket_path=socket, decode_responses=True)
        self.safe = RedisBroker(f"unix://{socket}", clock=MOVABLE_CLOCK)
        self.other = RedisBroker(f"unix://{socket}", clock=MOVABLE_CLOCK, namespace="other")

    def close(self) -> None:
        self.client.close()
        self.safe.close()
        self.other.close()
