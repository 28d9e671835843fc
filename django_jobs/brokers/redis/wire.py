"""Calls on connections that are at hand, without what redis-py does around every command."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any

import redis
from hiredis import pack_command


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
        connection = self._connection()
        packed = [pack_command(command)]  # type: ignore[arg-type]  # its stub knows one argument
        try:
            return connection.retry.call_with_retry(
                partial(_exchange, connection, packed), lambda _: connection.disconnect()
            )
        except redis.ResponseError:
            raise  # which was read to its end
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
    connection.send_packed_command(packed)
    return connection.read_response()
