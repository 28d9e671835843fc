"""What a waiting job waits for."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class BatchEvent(StrEnum):
    """What happens to a batch. Each happens at most once."""

    SUCCESS = "success"
    END = "end"
    DEATH = "death"


class AwaitedEvent(NamedTuple):
    """The event for which a callback waits.

    Attributes:
        batch: id of the batch.
    """

    event: BatchEvent
    batch: str
