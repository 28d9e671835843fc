"""What all runs share: a server, and those to whom nothing happens."""

from __future__ import annotations

import redis

from django_jobs.brokers.redis import RedisBroker
from tests.support.clock import MOVABLE_CLOCK


class SharedServer:
    """A server, a client, and a broker whose calls never fail.

    Args:
        socket: path of the server's.
    """

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self.client = redis.Redis(unix_socket_path=socket, decode_responses=True)
        self.safe = RedisBroker(f"unix://{socket}", clock=MOVABLE_CLOCK)

    def close(self) -> None:
        self.client.close()
        self.safe.close()
