"""A broker says where its jobs are, and shows no secret."""

from __future__ import annotations

import pytest

from django_jobs.brokers.redis import RedisBroker

PLACES = {
    "redis://:hunter2@10.0.0.7:6379/3": "redis://10.0.0.7:6379/3",
    "redis://app:hunter2@redis.internal": "redis://redis.internal",
    "redis://redis.internal/0?password=hunter2": "redis://redis.internal/0",
    "rediss://app:hunter2@redis.internal:6380/0?ssl_cert_reqs=none": (
        "rediss://redis.internal:6380/0?ssl_cert_reqs=none"
    ),
    "unix://:hunter2@/run/redis/redis.sock?db=2": "unix:///run/redis/redis.sock?db=2",
    "redis+sentinel://:hunter2@one:26379,two:26379/main/0?sentinel_password=hunter2": (
        "redis+sentinel://one:26379,two:26379/main/0"
    ),
    "rediss+cluster://app:hunter2@one:6379,two:6379": "rediss+cluster://one:6379,two:6379",
}


@pytest.mark.parametrize("url", PLACES)
def test_each_form_of_address_is_shown_without_its_secrets(url: str) -> None:
    assert RedisBroker(url, namespace="shop").place == f"{PLACES[url]}, namespace shop"
