"""The periods in which attempts are counted, and how long the counts are kept."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER = 90 * DAY
"""All lengths here are in milliseconds."""

MAX_NAMES = 300
"""The most tasks, queues or errors of tasks that are counted separately in one period."""

OTHERS = "(others)"
"""The name under which the rest is counted."""


class Dimension(StrEnum):
    """What attempts are counted by.

    The name "" stands for all queues; the name of an error begins with that of its task.
    """

    QUEUE = "queue"
    TASK = "task"
    ERROR = "error"


RETENTION: Mapping[Dimension, Mapping[int, int]] = {
    Dimension.QUEUE: {MINUTE: 25 * HOUR, HOUR: 32 * DAY},
    Dimension.TASK: {MINUTE: 2 * HOUR, HOUR: 9 * DAY, DAY: 40 * DAY, QUARTER: 2 * QUARTER},
    Dimension.ERROR: {MINUTE: 2 * HOUR, HOUR: 2 * DAY, DAY: 40 * DAY},
}
"""How long the counts of a period are kept after its last one, by the length of the period."""
