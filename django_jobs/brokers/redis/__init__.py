"""The broker that keeps jobs in Redis; the only package that imports `redis`."""

from __future__ import annotations

from .broker import RedisBroker

__all__ = ["RedisBroker"]
