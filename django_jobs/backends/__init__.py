"""The backends for `TASKS`."""

from __future__ import annotations

from .base import JobBackend
from .configured import is_persistent, our_backend, our_backends, prepare_process
from .dummy import DummyBackend
from .inline import InlineBackend
from .redis import RedisBackend
from .thread_pool import ThreadPoolBackend

__all__ = [
    "DummyBackend",
    "InlineBackend",
    "JobBackend",
    "RedisBackend",
    "ThreadPoolBackend",
    "is_persistent",
    "our_backend",
    "our_backends",
    "prepare_process",
]
