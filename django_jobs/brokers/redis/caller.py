"""Runs the scripts of one broker, and raises errors that say what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from weakref import WeakSet

import redis

from django_jobs.conf.redis_url import Form, RedisAddress

from . import codec
from .connection import connect
from .errors import plain_errors
from .raw_client import RawClient
from .resending import FAILOVER_PAUSES, NEVER, PAUSES, Resending
from .scripts import Scripts

SEARCHED = 1_000
"""Queues and workers whose keys are searched for one of the wrong type."""


class Caller:
    """Knows the server and the keys of one broker.

    Args:
        address: of Redis, with what it takes to log in.
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
        address: RedisAddress,
        *,
        namespace: str,
        lease: float,
        socket_timeout: float,
        clock: str | None,
    ) -> None:
        self.prefix = codec.prefix(namespace)
        self.address = address.url
        self.lease_ms = round(lease * 1000)
        self.socket_timeout = socket_timeout
        self.client = connect(address, key=self.prefix, socket_timeout=socket_timeout)
        self._clock = clock
        self._raw_clients: WeakSet[RawClient] = WeakSet()
        connecting = float(self.client.connection_pool.connection_kwargs["socket_connect_timeout"])
        self._resending = Resending(seconds=socket_timeout, connecting=connecting)
        # Waiting for another server is worth it only where there is another one.
        pauses = PAUSES if address.form is Form.SERVER else FAILOVER_PAUSES
        self.scripts = self._on_own_client(replace(self._resending, pauses=pauses))

    def run(self, script: str, *arguments: str | int) -> Any:
        """Run a script that may be sent twice, and return its reply.

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
        return self._on_own_client(replace(self._resending, seconds=seconds, after=NEVER))

    def _on_own_client(self, resending: Resending) -> Scripts:
        raw_client = RawClient(self.client, resending)
        self._raw_clients.add(raw_client)
        return Scripts(raw_client, self.prefix, self._clock)

    def close(self) -> None:
        """Close all connections; they are opened again when they are used."""
        for raw_client in list(self._raw_clients):
            raw_client.close()
        self.client.close()
