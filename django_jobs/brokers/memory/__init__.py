"""The broker that keeps jobs in this process's memory."""

from __future__ import annotations

from .broker import MemoryBroker

__all__ = ["MemoryBroker"]
