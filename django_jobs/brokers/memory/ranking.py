"""Keys by a number each, of which the lowest comes first."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

FEW = 100
"""Outdated items that are not worth a tidying up."""


@dataclass(slots=True)
class Ranking:
    """Of the numbers of a key the latest counts; outdated ones are skipped, and removed in time."""

    heap: list[tuple[int, str]] = field(default_factory=list)
    noted: dict[str, int] = field(default_factory=dict)

    def add(self, number: int, key: str) -> None:
        if self.noted.get(key) == number:
            return
        self.noted[key] = number
        heapq.heappush(self.heap, (number, key))
        if len(self.heap) > 2 * len(self.noted) + FEW:
            self.heap = [(number, key) for key, number in self.noted.items()]
            heapq.heapify(self.heap)

    def first(self) -> tuple[int, str] | None:
        """Return the key with the lowest number, with that."""
        while self.heap and self.noted.get(self.heap[0][1]) != self.heap[0][0]:
            heapq.heappop(self.heap)
        return self.heap[0] if self.heap else None

    def take_up_to(self, number: int) -> str | None:
        """Remove the first key if its number is no higher, and return it."""
        head = self.first()
        if head is None or head[0] > number:
            return None
        self.discard(head[1])
        return head[1]

    def discard(self, key: str) -> None:
        self.noted.pop(key, None)
