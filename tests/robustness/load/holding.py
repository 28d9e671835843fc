"""How long each call holds Redis up, and how many commands its script makes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
import redis

from django_jobs.brokers.redis.scripts import Scripts
from tests.support.clock import Clock
from tests.support.redis_server import RedisServer

PAUSE = 0.00005
"""Seconds after which a thread that uses no CPU any more has ended its call."""

OWN_COMMANDS = 2
"""The call of the script, and the question how many commands were made."""

PASSES = 4
"""Milliseconds from one call to the next.

Jobs that ended at the same instant are in the order of their random ids, which costs more.
"""

HEAD = """
| what is done | calls | median, ms | p99 | longest | of | most commands |
|---|---|---|---|---|---|---|"""


class Call(NamedTuple):
    """One call of a script.

    Attributes:
        held: milliseconds of CPU time of the server's main thread, with the reading of arguments
            and the writing of the reply.
        commands: those that the script made.
    """

    script: str
    held: float
    commands: int


@dataclass
class Phase:
    """What is done with one size of things, and the calls that it takes."""

    name: str
    calls: list[Call] = field(default_factory=list)

    @property
    def longest(self) -> Call:
        return max(self.calls, key=lambda call: call.held)

    @property
    def most_commands(self) -> int:
        return max(call.commands for call in self.calls)

    def held_by(self, part: float) -> float:
        """Return for how many milliseconds that part of the calls held the server at most."""
        held = sorted(call.held for call in self.calls)
        return held[min(int(len(held) * part), len(held) - 1)]

    def __str__(self) -> str:
        held = [self.held_by(part) for part in (0.5, 0.99, 1)]
        times = " | ".join(f"{milliseconds:.1f}" for milliseconds in held)
        return (
            f"| {self.name} | {len(self.calls):,} | {times} | `{self.longest.script}`"
            f" | {self.most_commands:,} |"
        )


class Holding:
    """Notes each call of the brokers of this process, which must make one at a time.

    Args:
        server: the only one that they call.
        clock: theirs, which each call moves on.
    """

    def __init__(self, server: RedisServer, clock: Clock, patch: pytest.MonkeyPatch) -> None:
        self.phases: list[Phase] = []
        self._clock = clock
        self._phase: Phase | None = None
        self._client = redis.Redis.from_url(server.url)
        self._schedule = os.open(f"/proc/{server.pid}/schedstat", os.O_RDONLY)
        self._send = Scripts.send
        patch.setattr(Scripts, "send", self._noting())

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Note the calls of this block, and print what they took."""
        if not self.phases:
            print(HEAD)
        phase = Phase(name)
        self.phases.append(phase)
        self._phase = phase
        yield
        self._phase = None
        print(phase, flush=True)

    def close(self) -> None:
        os.close(self._schedule)
        self._client.close()

    def _noting(self) -> Callable[..., Callable[[], Any]]:
        def send(
            scripts: Scripts, name: str, *arguments: str | int, **behind: Any
        ) -> Callable[[], Any]:
            self._clock.advance(PASSES)
            made, used = self._made(), self._used()
            read = self._send(scripts, name, *arguments, **behind)

            def read_and_note() -> Any:
                reply = read()
                held = (self._used() - used) / 1e6
                self._note(Call(name, held, self._made() - made - OWN_COMMANDS))
                return reply

            return read_and_note

        return send

    def _note(self, call: Call) -> None:
        if self._phase:
            self._phase.calls.append(call)

    def _used(self) -> int:
        """Wait until the server has nothing to do, and return the nanoseconds that it has used."""
        before, now = -1, self._read_used()
        while now != before:
            time.sleep(PAUSE)
            before, now = now, self._read_used()
        return now

    def _read_used(self) -> int:
        """Return what the system has noted: it does so whenever the thread rests."""
        return int(os.pread(self._schedule, 64, 0).split()[0])

    def _made(self) -> int:
        """Return how many commands were made, those of scripts included."""
        return int(self._client.info("stats")["total_commands_processed"])
