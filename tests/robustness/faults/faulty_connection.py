"""The wire between the real broker and a real server, on which any single call can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis
from redis.connection import UnixDomainSocketConnection

from django_jobs.brokers.base import Session
from django_jobs.brokers.redis import RedisBroker
from django_jobs.brokers.redis.raw_client import RawClient
from django_jobs.brokers.redis.session import RedisSession


class Kind(StrEnum):
    """What goes wrong with one call."""

    UNSENT = "the connection breaks before it is sent"
    LOST = "it is done, and its reply is lost"
    DELAYED = "it is done, and its reply comes after the timeout"
    TWICE = "it arrives once more after the caller's next one"
    LATE = "it is sent again after a timeout, and arrives itself after the caller's next one"
    LAST = "it is sent again after a timeout, and arrives itself when all else is over"


class Effect(StrEnum):
    """How it goes on."""

    HEALED = "the client sends it again, or the worker after a heartbeat"
    OUTAGE = "nothing gets through until the caller has its error, and tries again if it does that"
    KILLED = "the process is gone"


@dataclass(frozen=True, slots=True)
class Fault:
    kind: Kind
    effect: Effect

    def __str__(self) -> str:
        return f"{self.kind}; {self.effect}"


OVERTAKEN = (Kind.LATE, Kind.LAST)
"""Ways in which a call arrives after its successor."""

DOUBLED = (Kind.TWICE, *OVERTAKEN)
"""Ways in which a call may bring a worker other jobs than it would have got: it claims twice."""

PLAIN: Any = UnixDomainSocketConnection
"""What redis-py has no complete types for."""

BROKEN = (Kind.UNSENT, Kind.LOST, Kind.DELAYED)
FAULTS = (
    *(Fault(kind, Effect.HEALED) for kind in Kind),
    *(Fault(kind, Effect.OUTAGE) for kind in BROKEN),
    *(Fault(kind, Effect.KILLED) for kind in (Kind.UNSENT, Kind.LOST)),
)


def client_of(broker: RedisBroker) -> RawClient:
    """The client with which a broker makes calls that may be sent again."""
    return broker._caller.scripts.client  # noqa: SLF001


def clients_of(session: Session) -> tuple[RawClient, RawClient]:
    """The clients with which a session exchanges and listens."""
    assert isinstance(session, RedisSession)
    return session._exchanging.client, session._listening.client  # noqa: SLF001


class Killed(BaseException):
    """Ends whatever the process does, as no `except` or `finally` of ours may go on after it."""


class FaultyConnection:
    """Counts the calls of one broker, and corrupts one of them.

    Args:
        socket: path of the server's.
        at: number of the call that goes wrong, from 1, or 0 for none.
    """

    def __init__(self, socket: str, at: int = 0, fault: Fault | None = None) -> None:
        self.calls = 0
        self.names: list[str] = []
        self.struck = False
        self.socket = socket
        self._at = at
        self._fault = fault
        self._armed = False
        self._down: type[BaseException] | None = None
        self._held: bytes | None = None

    def attach(self, broker: RedisBroker) -> None:
        """Route all connections of a broker, which has made none yet, through this wire."""
        wired = type("Wired", (_Wired,), {"wire": self})
        client_of(broker)._pool.connection_class = wired  # noqa: SLF001

    def arm(self) -> None:
        """Begin to count, on connections that are new."""
        self._armed = True

    def disarm(self) -> None:
        """Pass everything on from now on."""
        self._armed = False
        self.restore()

    def restore(self) -> None:
        """End the outage."""
        self._down = None

    @property
    def holds(self) -> bool:
        """Whether there is a call that arrives late."""
        return self._held is not None

    @property
    def has_doubled(self) -> bool:
        """Whether a call has arrived twice."""
        doubled = self._fault is not None and self._fault.kind in DOUBLED
        return self.struck and doubled and not self.holds

    @property
    def holds_to_the_end(self) -> bool:
        return self.holds and self._fault is not None and self._fault.kind is Kind.LAST

    def deliver(self) -> None:
        """Deliver the late call."""
        if self._held is not None:
            packed, self._held = self._held, None
            self._send_second(packed)

    def meet(self, connection: _Wired, packed: bytes) -> None:
        """Pass a call on, or fail it."""
        if self._down is not None:
            raise self._down("the wire is down")
        if not self._armed:
            connection.really_send(packed)
            return
        self.calls += 1
        self.names.append(_name(packed))
        if self.calls != self._at or self._fault is None:
            connection.really_send(packed)
            return
        self.struck = True
        self._strike(connection, packed, self._fault)

    def _strike(self, connection: _Wired, packed: bytes, fault: Fault) -> None:
        error: type[BaseException] = redis.ConnectionError
        match fault.kind:
            case Kind.TWICE:
                self._held = packed
                connection.really_send(packed)
                return
            case kind if kind in OVERTAKEN:
                self._held = packed
                error = redis.TimeoutError
            case Kind.LOST | Kind.DELAYED:
                connection.really_send(packed)
                connection.drop_reply()
                error = redis.TimeoutError if fault.kind is Kind.DELAYED else error
        connection.hang_up()
        if fault.effect is Effect.KILLED:
            error = self._down = Killed
        elif fault.effect is Effect.OUTAGE:
            self._down = redis.ConnectionError
        raise error("the wire was told to")

    def _send_second(self, packed: bytes) -> None:
        second = PLAIN(path=self.socket)
        second.send_packed_command([packed])
        _drop_reply(second)
        second.disconnect()


class _Wired(UnixDomainSocketConnection):
    wire: FaultyConnection

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if not self.is_connected:
            self.connect_check_health(check_health=False)
        self.wire.meet(self, b"".join([command] if isinstance(command, bytes) else command))

    def really_send(self, packed: bytes) -> None:
        PLAIN.send_packed_command(self, [packed], check_health=False)

    def hang_up(self) -> None:
        PLAIN.disconnect(self)

    def drop_reply(self) -> None:
        """Wait for the reply, so that the server has surely done it."""
        _drop_reply(self)


def _drop_reply(connection: UnixDomainSocketConnection) -> None:
    with suppress(redis.ResponseError):
        connection.read_response()


def _name(packed: bytes) -> str:
    """The command, for messages."""
    return packed.split(b"\r\n", 3)[2].decode(errors="replace")


def faults_at(calls: int) -> Iterator[tuple[int, Fault]]:
    """Every point of a path that makes so many calls."""
    for at in range(1, calls + 1):
        for fault in FAULTS:
            yield at, fault
