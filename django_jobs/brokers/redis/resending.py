"""How long a call to Redis may take in all, and when it is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import redis

PAUSES = (0.1, 0.2)
"""Seconds before each time that a call is sent again; every script is safe to send twice."""

Errors: TypeAlias = tuple[type[redis.RedisError], ...]

LOST: Errors = (redis.ConnectionError, redis.ReadOnlyError)
"""Errors after which a new connection may help: after a failover, an old one leads to a replica."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resending:
    """The time of one call, shared by all its sendings.

    Attributes:
        seconds: that connecting, sending, waiting and sending again may take together.
        connecting: seconds that connecting alone may take.
        after: errors after which the call is sent again.
    """

    seconds: float
    connecting: float
    after: Errors = (*LOST, redis.TimeoutError)

    def limit(self, connection: Any, seconds: float, *, is_last: bool = False) -> None:
        """Let a connection that is opened next take its share of the time that is left.

        Where a call that had no answer in time is sent again, there must be time for the answer.
        """
        share = seconds if is_last or redis.TimeoutError not in self.after else seconds / 2
        connection.socket_timeout = share
        connection.socket_connect_timeout = min(share, self.connecting)
