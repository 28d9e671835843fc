"""The scripts in Lua, loaded once for each client."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import redis
from redis.commands.core import Script

FOLDER = files(__package__) / "scripts"


@cache
def source(name: str) -> str:
    """Return the text of one script file."""
    return (FOLDER / f"{name}.lua").read_text(encoding="utf-8")


class Scripts:
    """Calls scripts by name on one client.

    Args:
        client: whose connections are used.
        prefix: what all keys begin with.
        clock: Lua text that defines `clock()`; tests pass one that they can move.
    """

    def __init__(self, client: redis.Redis, prefix: str, clock: str | None = None) -> None:
        self._client = client
        self._prefix = prefix
        self._head = (clock or source("clock")) + source("common")
        self._scripts: dict[str, Script] = {}

    def __call__(self, name: str, *arguments: str | int) -> Any:
        """Run a script, which Redis loads if it does not know it."""
        script = self._scripts.get(name)
        if script is None:
            script = self._scripts[name] = self._client.register_script(self._head + source(name))
        return script(keys=[self._prefix], args=arguments)
