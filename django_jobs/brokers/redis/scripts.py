"""Sends the Lua scripts, each with the parts that it names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.resources import files
from typing import Any

import redis

from .lua_constants import COMMENT, definitions
from .raw_client import Command, RawClient

FOLDER = files(__package__) / "scripts"

PARTS = re.compile(r"^-- Parts: (.+)\.$", re.MULTILINE)
"""The line in which a script, or a part, names the parts that it builds upon."""

FUNCTION = re.compile(r"^local function (\w+)\(.*?^end$\n", re.MULTILINE | re.DOTALL)
"""A function at the top level of a script or a part."""

WORD = re.compile(r"\w+")


@cache
def source(name: str) -> str:
    """Return the text of one script file."""
    return (FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def with_parts(text: str) -> str:
    """Return the text of a script behind the parts that it names: each once, what it needs first.

    Redis creates all functions again in each call, which takes longer than the work of a small
    script. So a script gets no others than those that it uses.
    """
    texts: list[str] = []

    def add(text: str) -> None:
        named = PARTS.search(text)
        for name in named[1].split(", ") if named else ():
            add(source(f"parts/{name}"))
        if text not in texts:
            texts.append(text)

    add(text)
    return _without_unused("".join(texts))


def _without_unused(text: str) -> str:
    """Return a script without the functions whose names do not follow their ends."""
    kept: list[str] = []
    words: set[str] = set()
    end = len(text)

    def keep(part: str) -> None:
        kept.append(part)
        words.update(WORD.findall(COMMENT.sub("", part)))

    for found in reversed(list(FUNCTION.finditer(text))):
        keep(text[found.end() : end])
        if found[1] in words:
            keep(found[0])
        end = found.start()
    kept.append(text[:end])
    return "".join(reversed(kept))


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
        text = self._head + with_parts(source(name))
        return definitions(text) + text
