"""Heaps that drop their entries lazily."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, TypeVar

Item = TypeVar("Item", bound=tuple[Any, ...])

FEW = 1000
"""Outdated items of a heap that are not worth a tidying up."""


def tidy_up(heap: list[Item], current: int, is_current: Callable[[Item], bool]) -> None:
    """Drop what is outdated once it is more than the rest: it would stay for as long as results."""
    if len(heap) > 2 * current + FEW:
        heap[:] = filter(is_current, heap)
        heapq.heapify(heap)
