"""The broker that keeps jobs in this process's memory."""

from .broker import MemoryBroker

__all__ = ["MemoryBroker"]
