"""The tests' own Redis servers behave as the other tests rely on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import redis

from tests.support.redis_server import RedisServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

Factory = Callable[..., RedisServer]


def test_a_killed_server_comes_back_with_its_data(redis_server_factory: Factory) -> None:
    server = redis_server_factory()
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")

    server.kill9()
    server.start()

    with redis.Redis.from_url(server.unix_url) as client:
        assert client.get("kept") == b"yes"


def test_options_win_over_the_defaults(redis_server_factory: Factory) -> None:
    server = redis_server_factory("requirepass sesame", "appendonly no")

    with redis.Redis.from_url(server.url, password="sesame") as client:
        assert client.config_get("appendonly") == {"appendonly": "no"}


def test_a_server_that_cannot_start_shows_its_log(redis_server_factory: Factory) -> None:
    with pytest.raises(RuntimeError, match="no-such-option"):
        redis_server_factory("no-such-option yes")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_database(redis_url: str, turn: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == []
        client.set("left behind", turn)


def test_a_browser_is_at_hand(page: Page) -> None:
    page.set_content("<h1>Hello</h1>")
    assert page.inner_text("h1") == "Hello"
