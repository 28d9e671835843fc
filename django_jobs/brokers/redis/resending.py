"""How long a call to Redis may take in all, and when it is sent again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import redis

PAUSES = (0.1, 0.2)
"""Seconds to pause before each time that a call is sent again."""

FAILOVER_PAUSES = (0.1, 0.2, *(0.4,) * 1500)
"""The same where another server may take over: as often as there is time for."""

Errors: TypeAlias = tuple[type[redis.RedisError], ...]

HAS_NOT_RUN: Errors = (
    redis.ReadOnlyError,
    redis.exceptions.AskError,  # also MovedError
    redis.exceptions.TryAgainError,
    redis.exceptions.ClusterDownError,  # also MasterDownError
    redis.BusyLoadingError,
)
"""Errors by which a server says that it ran nothing, and that the right one may soon."""

HAS_NOT_RUN_TEXT = re.compile(r"(?:^|-)(?:READONLY|NOREPLICAS) ")
"""The same in errors without a class: so a script ends at its first change."""

LOST: Errors = (redis.ConnectionError, redis.TimeoutError)
"""Errors after which it is not known whether a call that was sent has run."""

NEVER: Errors = ()
"""For calls that must not run twice: they are sent again only if they surely have not run."""

IN_VAIN: Errors = (redis.AuthenticationError, redis.exceptions.AuthorizationError)


def has_not_run(error: redis.RedisError) -> bool:
    """Return whether a server says that it ran nothing of a call."""
    return isinstance(error, HAS_NOT_RUN) or bool(HAS_NOT_RUN_TEXT.search(str(error)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resending:
    """The time of one call, shared by all its sendings.

    Attributes:
        seconds: that connecting, sending, waiting and sending again may take together.
        connecting: seconds that connecting alone may take.
        after: errors after which a call is sent again although it may have run.
        pauses: seconds before each time that it is sent again.
    """

    seconds: float
    connecting: float
    after: Errors = LOST
    pauses: tuple[float, ...] = PAUSES

    def permits(self, error: redis.RedisError, *, was_sent: bool) -> bool:
        """Return whether a call that failed may be sent again."""
        if isinstance(error, IN_VAIN):
            return False
        return has_not_run(error) or isinstance(error, self.after if was_sent else LOST)

    def limit(self, connection: Any, seconds: float, *, is_last: bool = False) -> None:
        """Let a connection that is opened next take its share of the time that is left.

        If a call that had no reply in time is sent again, there must be time for the reply.
        """
        share = seconds if is_last or redis.TimeoutError not in self.after else seconds / 2
        connection.socket_timeout = share
        connection.socket_connect_timeout = min(share, self.connecting)
