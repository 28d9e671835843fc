"""redis-py connects to the address that the options hold."""

from __future__ import annotations

from collections.abc import Callable

import redis

from django_jobs.conf.redis_options import RedisOptions
from tests.support.redis_server import RedisServer


def test_a_password_with_special_characters_reaches_the_server(
    redis_server_factory: Callable[..., RedisServer],
) -> None:
    server = redis_server_factory("requirepass p@ss/word")
    given = server.url.replace("redis://", "redis://:p%40ss%2Fword@")

    options = RedisOptions.from_dict("default", {"url": given})

    with redis.Redis.from_url(options.url, password=options.password) as client:
        assert client.ping()
