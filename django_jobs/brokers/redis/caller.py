"""Runs the scripts of one broker, and raises errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

import redis

from django_jobs.conf.redis_url import redact_url

from . import codec
from .connection import connect, plain_errors
from .raw_client import RawClient
from .resending import ALWAYS, UNSENT, Resending
from .scripts import Scripts

SEARCHED = 1_000
"""Queues and workers whose keys are searched for one of the wrong type."""


class Caller:
    """Knows the server and the keys of one broker.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
        username: of the Redis user, if it is not in the URL.
        password: of the Redis user, if it is not in the URL.
        namespace: what the keys begin with.
        lease: seconds after which a silent worker loses its jobs.
        socket_timeout: seconds that one call may take, with all that it takes to send it again.
        clock: Lua text that replaces `clock.lua`, for tests.

    Attributes:
        prefix: what all keys begin with.
        address: the URL without secrets.
        lease_ms: the lease in milliseconds.
        socket_timeout: in seconds.
        scripts: those that may be sent twice.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None,
        password: str | None,
        namespace: str,
        lease: float,
        socket_timeout: float,
        clock: str | None,
    ) -> None:
        self.prefix = codec.prefix(namespace)
        self.address = redact_url(url)
        self.lease_ms = round(lease * 1000)
        self.socket_timeout = socket_timeout
        self.client = connect(
            url, username=username, password=password, socket_timeout=socket_timeout
        )
        self._clock = clock
        self._wires: WeakSet[RawClient] = WeakSet()
        self.scripts = self._on_own_wire(socket_timeout, after=ALWAYS)

    def run(self, script: str, *arguments: str | int) -> Any:
        """Run a script that may be sent twice, and return its answer.

        Raises:
            BrokerError: Redis does not answer, or refuses it.
        """
        return self.ask(partial(self.scripts, script, *arguments))

    def ask(self, call: Callable[[], Any]) -> Any:
        """Make a call, and raise errors of this project if it fails."""
        try:
            return call()
        except redis.RedisError as error:
            with plain_errors(self.address):
                if "WRONGTYPE" in str(error):
                    raise self._with_key(error) from error
                raise

    def _with_key(self, error: redis.RedisError) -> redis.RedisError:
        """Return an error that names the key of the wrong type, which Redis itself does not."""
        found = self.scripts("wrong_key", SEARCHED)
        return redis.ResponseError("WRONGKEY {} a {} for a {}".format(*found)) if found else error

    def scripts_sent_once(self, seconds: float) -> Scripts:
        """Return scripts with connections of their own, which resend no call that may have run.

        Args:
            seconds: that one call may take.
        """
        return self._on_own_wire(seconds, after=UNSENT)

    def _on_own_wire(self, seconds: float, after: tuple[type[redis.RedisError], ...]) -> Scripts:
        connecting = float(self.client.connection_pool.connection_kwargs["socket_connect_timeout"])
        resending = Resending(seconds=seconds, connecting=connecting, after=after)
        wire = RawClient(self.client, resending)
        self._wires.add(wire)
        return Scripts(wire, self.prefix, self._clock)

    def close(self) -> None:
        """Close all connections; they are opened again when they are used."""
        for wire in list(self._wires):
            wire.close()
        self.client.close()
