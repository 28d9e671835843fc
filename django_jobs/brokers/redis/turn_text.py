"""How the turn of a job is written in Redis: `weight:key`, and nothing without a fair key."""

from __future__ import annotations

import re

from django_jobs.jobs.records import Turn
from django_jobs.validation.ranges import FAIR_WEIGHT

WRITTEN = re.compile(r"([0-9]{1,2}):(.*)", re.DOTALL)


def to_text(turn: Turn | None) -> str:
    """Return a turn as scripts take it, "" for none."""
    return "" if turn is None else f"{turn.weight}:{turn.key}"


def to_turn(text: str) -> Turn | None:
    """Read the turn of a job; None if it has none or the text is unreadable."""
    found = WRITTEN.fullmatch(text)
    if found is None or not FAIR_WEIGHT.low <= int(found[1]) <= FAIR_WEIGHT.high:
        return None
    return Turn(found[2], int(found[1]))
