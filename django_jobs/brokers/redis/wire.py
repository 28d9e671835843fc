"""Calls on connections that are at hand, without what redis-py does around every command."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import redis
from hiredis import pack_command

Command: TypeAlias = tuple[str | int, ...]
"""The name of a command of Redis, and its arguments."""


class Wire:
    """Sends commands on connections of a client's pool, and keeps them for the next calls.

    `Redis.execute_command` takes longer than a small call takes in all: before it sends anything
    it asks the system whether the server has closed the connection meanwhile, and it counts for
    observers afterwards. Here a closed connection shows when it is used, and the command is sent
    again on a new one, as often as the client's retry policy says: all of ours may be.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._pool: Any = client.connection_pool
        self._idle: deque[Any] = deque()

    def __call__(self, *command: str | int) -> Any:
        """Send a command, and return its answer; raises redis-py's errors."""
        return self.send(command)()

    def send(self, *commands: Command) -> Callable[[], Any]:
        """Send commands at once, and return what waits for the answer to the last one.

        It is to be called once. After a lost connection only the last command is sent again: it may
        have run, and would only wait for the others.

        Raises:
            redis.RedisError: the first of theirs, when the answer is waited for.
        """
        packed: list[bytes] = list(map(pack_command, commands))  # type: ignore[arg-type]  # of its stub
        connection = self._connection()
        exchange = Exchange(connection, packed)
        try:
            exchange.send()
        except (redis.ConnectionError, redis.TimeoutError):
            pass  # it is closed, and they are sent when the answer is waited for
        except BaseException:
            self._put_back(connection, broken=True)
            raise
        return partial(self._answer, connection, exchange)

    def _answer(self, connection: Any, exchange: Exchange) -> Any:
        broken = True
        try:
            answer = connection.retry.call_with_retry(exchange.answer, exchange.failed)
            broken = False
        except redis.ResponseError:
            broken = False  # it was read to its end, as were the others
            raise
        finally:
            self._put_back(connection, broken=broken)
        return answer

    def _put_back(self, connection: Any, *, broken: bool) -> None:
        if broken:
            connection.disconnect()
        self._idle.append(connection)

    def _connection(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return self._pool.get_connection()


class Exchange:
    """Commands on a connection, until the last one is answered."""

    def __init__(self, connection: Any, packed: list[bytes]) -> None:
        self._connection = connection
        self._packed = packed
        self._is_sent = False

    def send(self) -> None:
        self._connection.send_packed_command([b"".join(self._packed)])
        self._is_sent = True

    def answer(self) -> Any:
        """Read all answers, also if Redis refuses one: what is left would answer the next call."""
        if not self._is_sent:
            self.send()
        refused: list[redis.ResponseError] = []
        answer = None
        for _ in self._packed:
            try:
                answer = self._connection.read_response()
            except redis.ResponseError as error:
                refused.append(error)
        if refused:
            raise refused[0]
        return answer

    def failed(self, _: Exception) -> None:
        """Be ready to send the last command on another connection."""
        self._connection.disconnect()
        del self._packed[:-1]
        self._is_sent = False
