"""Marks of deploys, which charts over time show."""

from __future__ import annotations

from typing import NamedTuple

from django_jobs.clock import from_ms

from .periods import DAY, MINUTE

DEPLOYS_KEPT = 1000
"""How many marks are kept at most."""

DEPLOYS_KEPT_MS = 32 * DAY
"""For how long they are kept: longer than the longest chart."""

SAME_DEPLOY_MS = 10 * MINUTE
"""Marks with the same label that are no further apart are one: a deploy's hook was run again."""

CLOCK_SLACK_MS = MINUTE
"""How far ahead of the broker's clock the clock of the machine that marks a deploy may be."""

MAX_LABEL = 100
"""Characters of the longest label."""


class DeployMark(NamedTuple):
    """A deploy: when it was, in Unix milliseconds, and what was deployed."""

    at: int
    label: str


def checked_label(label: str) -> str:
    """Return a label without the whitespace around it.

    Raises:
        ValueError: it is empty, too long, or has characters that do not print, such as line breaks.
    """
    text = label.strip()
    if not text:
        raise ValueError("The label of a deploy must not be empty.")
    if not text.isprintable():
        raise ValueError(
            f"The label of a deploy must be one line of printable characters, not {text[:200]!r}."
        )
    if len(text) > MAX_LABEL:
        raise ValueError(
            f"The label of a deploy may have {MAX_LABEL} characters, and this one has {len(text)}."
        )
    return text


def checked_time(at: int, now: int) -> int:
    """Return the time of a deploy, which is not after the broker's present time.

    Args:
        at: in Unix milliseconds.
        now: the broker's present time, in Unix milliseconds.

    Raises:
        ValueError: it is in the future, or further back than marks are kept.
    """
    if at > now + CLOCK_SLACK_MS:
        raise ValueError(
            f"The time of a deploy must not be in the future: {_said(at)} is after {_said(now)},"
            " the present time of the broker."
        )
    if at < now - DEPLOYS_KEPT_MS:
        raise ValueError(
            f"Deploys are kept for {DEPLOYS_KEPT_MS // DAY} days, so one of {_said(at)} would not"
            " be shown."
        )
    return min(at, now)


def _said(milliseconds: int) -> str:
    return from_ms(milliseconds).isoformat(sep=" ", timespec="seconds")
