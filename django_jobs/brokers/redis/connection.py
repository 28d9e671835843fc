"""Connects to Redis: to one server, to a primary behind sentinels, or to a cluster."""

from __future__ import annotations

from functools import cache
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from django_jobs.conf.redis_url import Form, RedisAddress

from .lookup import (
    ClusterLookup,
    FoundConnection,
    FoundTLSConnection,
    Lookup,
    Options,
    SentinelLookup,
)

MANY = 2**31
"""More connections than there can be."""

PORT = 6379

_driver_info = cache(redis.DriverInfo)
"""Return what connections tell the server about redis-py; it reads its version from files."""


def connect(address: RedisAddress, *, key: str, socket_timeout: float) -> redis.Redis:
    """Return a client that connects when it is first used.

    It never resends a command or reconnects: `RawClient` does both, within one time limit. The
    number of connections is practically unlimited, as each thread that is making a call needs one;
    by default, redis-py refuses the hundred and first.

    Args:
        key: begins as all keys do; in a cluster, they have one node.
        socket_timeout: seconds to wait for an answer.
    """
    options: Options = {
        "decode_responses": True,
        "encoding_errors": "replace",
        "socket_timeout": socket_timeout,
        "socket_connect_timeout": min(5, socket_timeout),
        "max_connections": MANY,
        "retry": Retry(NoBackoff(), 0),
        "driver_info": _driver_info(),
    }
    servers = [_server(options, url) for url in address.servers]
    login = _login(address.username, address.password)
    match address.form:
        case Form.SENTINEL:
            theirs = _login(address.sentinel_username, address.sentinel_password)
            sentinels = [server | theirs for server in servers]
            found = _found(servers[0], SentinelLookup(sentinels, address.service))
            found["db"] = address.database
        case Form.CLUSTER:
            nodes = [server | login for server in servers]
            found = _found(servers[0], ClusterLookup(nodes, key))
        case _:
            found = servers[0]
    return redis.Redis.from_pool(redis.ConnectionPool(**found | login))


def _login(username: str | None, password: str | None) -> Options:
    given = {"username": username, "password": password}
    return {name: value for name, value in given.items() if value is not None}


def _server(options: Options, url: str) -> Options:
    """Return what a connection to one server takes."""
    said: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    if "path" not in said:  # it is no unix socket
        said = {"port": PORT, "socket_keepalive": True, **said}
    return options | said


def _found(server: Options, lookup: Lookup) -> Options:
    """Return what a connection takes that looks up its server."""
    is_tls = server.get("connection_class") is redis.SSLConnection
    kind = FoundTLSConnection if is_tls else FoundConnection
    return server | {"connection_class": kind, "lookup": lookup}
