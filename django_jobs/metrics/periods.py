"""Over which periods attempts are counted, and for how long the counts are kept."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER = 90 * DAY
"""Milliseconds, like all lengths here."""

MAX_NAMES = 300
"""How many tasks, queues, or errors of tasks are counted apart in one period."""

OTHERS = "(others)"
"""The name of what is too much to be counted apart."""


class Dimension(StrEnum):
    """What is counted apart: the name "" stands for all queues, errors have their task's before
    them."""

    QUEUE = "queue"
    TASK = "task"
    ERROR = "error"


RETENTION: Mapping[Dimension, Mapping[int, int]] = {
    Dimension.QUEUE: {MINUTE: 25 * HOUR, HOUR: 32 * DAY},
    Dimension.TASK: {MINUTE: 2 * HOUR, HOUR: 9 * DAY, DAY: 40 * DAY, QUARTER: 2 * QUARTER},
    Dimension.ERROR: {MINUTE: 2 * HOUR, HOUR: 2 * DAY, DAY: 40 * DAY},
}
"""For each length of a period, how long its counts are kept after the last of them."""
