"""How long a call to Redis may take in all, and when it is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import redis

PAUSES = (0.1, 0.2)
"""Seconds to pause before each time that a call is sent again."""

Errors: TypeAlias = tuple[type[redis.RedisError], ...]

FAILOVER: Errors = (redis.ReadOnlyError,)
"""Errors by which a server says that it ran nothing: the old connection leads to a replica."""

LOST: Errors = (redis.ConnectionError, redis.TimeoutError)
"""Errors after which it is not known whether a call that was sent has run."""

ALWAYS: Errors = (*LOST, *FAILOVER)
"""For calls that are safe to send twice."""

UNSENT: Errors = FAILOVER
"""For calls that must not run twice: they are sent again only if they surely have not run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resending:
    """The time of one call, shared by all its sendings.

    Attributes:
        seconds: that connecting, sending, waiting and sending again may take together.
        connecting: seconds that connecting alone may take.
        after: errors after which a call that was sent is sent again.
    """

    seconds: float
    connecting: float
    after: Errors = ALWAYS

    def permits(self, error: redis.RedisError, *, was_sent: bool) -> bool:
        """Return whether a call that failed may be sent again."""
        return isinstance(error, self.after if was_sent else ALWAYS)

    def limit(self, connection: Any, seconds: float, *, is_last: bool = False) -> None:
        """Let a connection that is opened next take its share of the time that is left.

        If a call that had no answer in time is sent again, there must be time for the answer.
        """
        share = seconds if is_last or redis.TimeoutError not in self.after else seconds / 2
        connection.socket_timeout = share
        connection.socket_connect_timeout = min(share, self.connecting)
