"""One worker's conversation with Redis."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from django_jobs.brokers.base import Session
from django_jobs.brokers.messages import (
    HeartbeatReply,
    HeartbeatReport,
    Reply,
    Take,
    WorkerCommand,
)
from django_jobs.jobs.records import Settlement
from django_jobs.waits import capped

from . import codec
from .caller import Caller
from .claims import to_claims
from .metrics import report_arguments
from .raw_client import Command
from .register import Register, Snapshot
from .scripts import Scripts

INTERRUPTION = 60
"""Seconds after which an interruption that no listen has consumed is gone."""


NOTHING_RARE: tuple[Any, ...] = ((), (), 0, (), 0, 0, ())
"""What `exchange.lua` leaves out if it is so."""


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call that was sent under a tag, and whose reply has not been read.

    Attributes:
        read_reply: waits for the reply of Redis.
    """

    caller: Caller
    register: Register
    tag: int
    settlements: Sequence[Settlement]
    read_reply: Callable[[], Any]

    def result(self) -> Reply:
        try:
            refused, due_in, claimed_at, flat, *rare = self.caller.ask(self.read_reply)
            dead, metadata, must_beat, damaged, newest, more, members = rare or NOTHING_RARE
            claims = to_claims(self.tag, int(claimed_at), flat, metadata, members)
        except BaseException:
            self.register.give_up(self.tag, self.settlements)
            raise
        return Reply(
            claims=claims,
            refused=self.register.close(self.tag, self.settlements, claims, refused),
            due_in=None if due_in < 0 else due_in,
            dead=tuple(dead),
            must_beat=bool(must_beat),
            damaged=tuple(damaged),
            newest_format=newest,
            has_more=bool(more),
        )


class RedisSession(Session):
    """Sends calls on connections of its own, each under a tag.

    A call that fails once it may have run is never sent again: the heartbeat finds what it claimed.

    Args:
        worker_id: unique for each session.
        caller: runs the scripts.
    """

    def __init__(self, worker_id: str, caller: Caller) -> None:
        self._worker_id = worker_id
        self._caller = caller
        self._register = Register()
        self._heartbeats = 1
        self._exchanging = caller.scripts_sent_once(caller.socket_timeout)
        # The socket timeout must end a blocked listen, too, only later: a server that vanished
        # without a word would block a worker for hours.
        self._listening = caller.scripts_sent_once(capped() + caller.socket_timeout)

    def exchange(self, settlements: Sequence[Settlement], take: Take) -> SentCall:
        return self._send(self._exchanging, settlements, take)

    def listen(self, take: Take, seconds: float) -> Reply:
        markers = (f"{self._caller.prefix}m:{name}" for name in take.queues or "*")
        # The list of interruptions comes first: an interrupted worker takes no marker along.
        interruptions = f"{self._caller.prefix}d:{self._worker_id}"
        # To Redis, 0 means no end, and Redis 6.2 takes a millisecond for 0.
        timeout = f"{max(0.01, capped(seconds)):.3f}"
        pop: Command = ("BLPOP", interruptions, *markers, timeout)
        return self._send(self._listening, (), take, behind=[pop]).result()

    def _send(
        self,
        scripts: Scripts,
        settlements: Sequence[Settlement],
        take: Take,
        behind: Sequence[Command] = (),
    ) -> SentCall:
        tag = self._register.open()
        try:
            arguments = self._arguments(tag, settlements, take)
            read_reply = scripts.send("exchange", *arguments, behind=behind)
        except BaseException:
            self._register.give_up(tag, settlements)
            raise
        return SentCall(self._caller, self._register, tag, settlements, read_reply)

    def _arguments(
        self, tag: int, settlements: Sequence[Settlement], take: Take
    ) -> list[str | int]:
        arguments: list[str | int] = [
            *(self._worker_id, tag, take.limit, len(take.quotas), len(settlements)),
            take.limit if take.at_once is None else take.at_once,
        ]
        for one in take.quotas:
            arguments += (one.queue, one.quota)
        for settlement in settlements:
            arguments += codec.settled(settlement)
        for settlement in settlements:
            if settlement.metadata is not None:
                arguments += codec.saved(settlement)
        return arguments

    def abandon(self, settlement: Settlement) -> None:
        self._register.abandon(settlement)

    def interrupt(self) -> None:
        self._caller.run("interrupt", self._worker_id, INTERRUPTION)

    def disconnect(self) -> None:
        self._listening.client.cut()

    def heartbeat(self, report: HeartbeatReport) -> HeartbeatReply:
        number = self._heartbeats
        info, known = report.info, self._register.snapshot()
        lost, command, recovered, dead, cancelled = self._caller.run(
            "heartbeat",
            *(self._worker_id, number, self._caller.lease_ms),
            json.dumps({**asdict(info), "lease": self._caller.lease_ms}),
            *(int(info.quiet), report.succeeded, report.failed),
            *_known_claims(known),
            *report_arguments(report),
        )
        self._heartbeats = number + 1
        self._register.forget_abandoned(known.abandoned)
        return HeartbeatReply(
            lost=bool(lost),
            command=WorkerCommand(command) if command in tuple(WorkerCommand) else None,
            recovered=tuple(recovered),
            dead=tuple(dead),
            cancelled=tuple(cancelled),
        )

    def close(self) -> None:
        with ExitStack() as connections:
            for scripts in (self._exchanging, self._listening):
                connections.callback(scripts.client.close)
            while self._caller.run("close", self._worker_id):
                pass  # it holds more jobs than one call gives back


def _known_claims(known: Snapshot) -> list[str | int]:
    """Return tags and claims as `heartbeat.lua` takes them."""
    arguments: list[str | int] = [known.last, len(known.awaited), *known.awaited]
    arguments.append(len(known.claims))
    for claim in known.claims:
        arguments += (claim.job.id, codec.fence(claim))
    arguments.append(len(known.abandoned))
    for job_id, token, tag in known.abandoned:
        arguments += (job_id, f"{token}:{tag}")
    return arguments
