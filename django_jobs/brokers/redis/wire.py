"""Calls on connections that are at hand, without what redis-py does around every command."""

from __future__ import annotations

from collections import deque
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
        return self.together(command)

    def together(self, *commands: Command) -> Any:
        """Send commands at once, and return the answer to the last one.

        After a lost connection only the last one is sent again: it may have run, and would only
        wait for the others.

        Raises:
            redis.RedisError: the first of theirs.
        """
        connection = self._connection()
        packed: list[bytes] = list(map(pack_command, commands))  # type: ignore[arg-type]  # of its stub

        def forget_all_but_the_last(_: Exception) -> None:
            connection.disconnect()
            del packed[:-1]

        try:
            return connection.retry.call_with_retry(
                partial(_exchange, connection, packed), forget_all_but_the_last
            )
        except redis.ResponseError:
            raise  # which was read to its end, as were the others
        except BaseException:
            connection.disconnect()
            raise
        finally:
            self._idle.append(connection)

    def _connection(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return self._pool.get_connection()


def _exchange(connection: Any, packed: list[bytes]) -> Any:
    """Read all answers, also if Redis refuses one: what is left would answer the next call."""
    connection.send_packed_command([b"".join(packed)])
    refused: list[redis.ResponseError] = []
    answer = None
    for _ in packed:
        try:
            answer = connection.read_response()
        except redis.ResponseError as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return answer
