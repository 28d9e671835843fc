"""Sends commands on connections that it keeps open, without redis-py's overhead for each."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

import redis
from hiredis import pack_command

from django_jobs.waits import capped

from .resending import Resending, has_not_run

Command: TypeAlias = tuple[str | int, ...]
"""The name of a command of Redis, and its arguments."""


FRESH = 1.0
"""Seconds after its last use at which a connection may have been closed, as by a restart."""


class RawClient:
    """Sends commands on connections of its own, and keeps them for the next calls.

    `Redis.execute_command` takes longer than a small call takes in all: before it sends anything
    it asks the system whether the server has closed the connection, and it counts for observers
    afterwards. Here only a connection that nobody has used for a second is looked at first.

    Args:
        client: how to connect.
        resending: how long a call may take, and after which errors it is sent again.
    """

    def __init__(self, client: redis.Redis, resending: Resending) -> None:
        self._pool: Any = client.connection_pool
        self._resending = resending
        self._start_empty()

    def _start_empty(self) -> None:
        self._idle: deque[tuple[Any, float]] = deque()
        self._made: list[Any] = []
        self._process = os.getpid()  # last, as another thread then takes what is idle

    def __call__(self, *command: str | int) -> Any:
        """Send a command, and return its reply; raises redis-py's errors."""
        return self.send(command)()

    def send(self, *commands: Command) -> Callable[[], Any]:
        """Send commands at once; return a function that waits for the reply to the last one.

        The function may be called once. If the call is sent again, only its last command is.

        Raises:
            redis.RedisError: one of theirs, when the reply is waited for.
        """
        packed = [_packed(command) for command in commands]
        connection = self._connection()
        request = Request(connection, packed, self._resending)
        try:
            request.send()
        except BaseException:
            self._put_back(connection, broken=True)
            raise
        return partial(self._read_reply, connection, request)

    def close(self) -> None:
        """Close all connections. They are opened again when they are used."""
        for connection in self._made:
            connection.disconnect()

    def cut(self) -> None:
        """End the calls that wait for a reply in other threads, which raise an error there."""
        for connection in self._made:
            with suppress(OSError, AttributeError):
                # An SSL socket's own method must not be called while another thread reads.
                socket.socket.shutdown(connection._sock, socket.SHUT_RDWR)  # noqa: SLF001

    def _read_reply(self, connection: Any, request: Request) -> Any:
        broken = True
        try:
            reply = request.reply()
            broken = False
        except redis.ResponseError as error:
            # It was read to its end, as were the others. Redis hangs up after an error of protocol.
            broken = str(error).startswith("Protocol error")
            raise
        finally:
            self._put_back(connection, broken=broken)
        return reply

    def _put_back(self, connection: Any, *, broken: bool) -> None:
        if broken:
            connection.disconnect()
        self._idle.append((connection, time.monotonic()))

    def _connection(self) -> Any:
        if self._process != os.getpid():
            self._start_empty()  # the sockets belong to the process that forked this one
        try:
            connection, since = self._idle.pop()
        except IndexError:
            connection = self._pool.make_connection()
            self._resending.limit(connection, self._resending.seconds)
            self._made.append(connection)
            return connection
        if connection.is_connected and time.monotonic() - since > FRESH:
            _reopen_if_closed(connection)
        return connection


def _packed(command: Command) -> bytes:
    """Return a command as bytes; a lone surrogate in a text becomes bytes that no other text has.

    Such texts come from names of files and arguments of programs. What asks for one finds nothing.
    """
    try:
        packed: bytes = pack_command(command)  # type: ignore[arg-type]  # of its stub
    except UnicodeEncodeError:
        packed = pack_command(tuple(map(_encoded, command)))  # type: ignore[arg-type]  # likewise
    return packed


def _encoded(argument: str | int) -> bytes | int:
    return argument.encode(errors="surrogatepass") if isinstance(argument, str) else argument


def _reopen_if_closed(connection: Any) -> None:
    """Close a connection that the server has closed, or that has something to read."""
    try:
        is_usable = not connection.can_read(timeout=0)
    except (redis.ConnectionError, redis.TimeoutError, OSError):
        is_usable = False
    if not is_usable:
        connection.disconnect()


class Request:
    """Commands on a connection, until the last one is answered."""

    def __init__(self, connection: Any, packed: list[bytes], resending: Resending) -> None:
        self._connection = connection
        self._packed = packed
        self._resending = resending
        self._until = time.monotonic() + resending.seconds
        self._failure: redis.RedisError | None = None
        self._was_sent = False

    def send(self) -> None:
        """Send the commands. If this fails, it shows when the reply is waited for."""
        self._failure = None
        self._was_sent = False
        try:
            if not self._connection.is_connected:
                self._connection.connect()
            self._was_sent = True
            self._connection.send_packed_command([b"".join(self._packed)])
        except redis.RedisError as error:
            self._failure = error

    def reply(self) -> Any:
        """Return the last reply, for which the last command may be sent again."""
        try:
            return self._read()
        except redis.RedisError as error:
            if not self._may_resend(error):
                raise
            return self._insist(error)

    def _insist(self, failure: redis.RedisError) -> Any:
        """Send the last command again on new connections, as long as there is time."""
        try:
            return self._resend(failure)
        finally:
            # The next call may take longer than what was left for this one.
            self._connection.disconnect()
            self._resending.limit(self._connection, self._resending.seconds)

    def _resend(self, failure: redis.RedisError) -> Any:
        pauses = self._resending.pauses
        for number, pause in enumerate(pauses, start=1):
            if not self._send_again(pause, is_last=number == len(pauses)):
                break
            try:
                return self._read()
            except redis.RedisError as error:
                if not self._may_resend(error):
                    raise
                # A timeout, for which little time may have been left, says less than others.
                if not isinstance(error, redis.TimeoutError):
                    failure = error
        raise failure

    def _send_again(self, pause: float, *, is_last: bool) -> bool:
        """Send the last command on a new connection after a pause, if there is time."""
        self._connection.disconnect()
        if self._left < 2 * pause:
            return False
        time.sleep(capped(pause))
        del self._packed[:-1]
        self._resending.limit(self._connection, self._left, is_last=is_last)
        self.send()
        return True

    def _may_resend(self, failure: redis.RedisError) -> bool:
        return self._resending.permits(failure, was_sent=self._was_sent)

    @property
    def _left(self) -> float:
        return self._until - time.monotonic()

    def _read(self) -> Any:
        """Read all replies, also if Redis refuses one: the next call would read what is left."""
        if self._failure:
            raise self._failure
        refused: list[redis.ResponseError] = []
        reply = None
        for _ in self._packed:
            try:
                reply = self._connection.read_response()
            except redis.ResponseError as error:
                reply = error
                refused.append(error)
        if refused:
            _raise_one(refused, last=reply)
        return reply


def _raise_one(refused: list[redis.ResponseError], last: Any) -> None:
    """Raise the first refusal; one that says that nothing ran only if it is of the last command.

    Whether that command is sent again depends on it.
    """
    if isinstance(last, redis.ResponseError) and has_not_run(last):
        raise last
    for error in refused:
        if not has_not_run(error):
            raise error
