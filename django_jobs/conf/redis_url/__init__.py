"""URLs of Redis: of one server, of a primary behind Sentinel, and of a cluster."""

from __future__ import annotations

from .address import RedisAddress, read_redis_url
from .forms import Form
from .redaction import redact_url

__all__ = ["Form", "RedisAddress", "read_redis_url", "redact_url"]
