"""Sends the Lua scripts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import redis

from .lua_constants import with_constants
from .lua_parts import source, with_parts
from .raw_client import Command, RawClient


class Scripts:
    """Calls scripts by name through one client.

    Args:
        client: the one that sends them.
        prefix: what all keys begin with.
        clock: Lua text that defines `clock()`; tests pass one that they can move.
    """

    def __init__(self, client: RawClient, prefix: str, clock: str | None = None) -> None:
        self.client = client
        self._prefix = prefix
        self._head = (clock or source("clock")) + source("common")
        self._digests: dict[str, str] = {}

    def __call__(self, name: str, *arguments: str | int) -> Any:
        """Run a script, which Redis loads if it does not know it."""
        return self.send(name, *arguments)()

    def send(
        self, name: str, *arguments: str | int, behind: Sequence[Command] = ()
    ) -> Callable[[], Any]:
        """Send a script, and return a function that waits for its reply.

        Args:
            behind: commands to send before it, in one packet. While one of them blocks the
                connection, the script waits in Redis, and runs as soon as the block ends.
        """
        digest = self._digests.get(name) or self._digest(name)
        command = ("EVALSHA", digest, 1, self._prefix, *arguments)
        return partial(self._read_reply, self.client.send(*behind, command), name, command)

    def _read_reply(self, read: Callable[[], Any], name: str, command: Command) -> Any:
        try:
            return read()
        except redis.exceptions.NoScriptError:
            # As one command, as the next one may reach another server, after a failover.
            return self.client("EVAL", self._text(name), *command[2:])

    def _digest(self, name: str) -> str:
        """Return the name that Redis has for a script."""
        hashed = hashlib.sha1(self._text(name).encode(), usedforsecurity=False)
        digest = self._digests[name] = hashed.hexdigest()
        return digest

    def _text(self, name: str) -> str:
        return with_constants(self._head + with_parts(source(name)))
