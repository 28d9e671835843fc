"""What the doctor of the broker in memory finds, with what repairs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django_jobs.brokers.doctor import Finding, Trouble


@dataclass(frozen=True, slots=True)
class Case:
    """A finding, with what repairs it."""

    finding: Finding
    repair: Callable[[], object]


def case(trouble: Trouble, where: str, detail: str = "", *, repair: Callable[[], object]) -> Case:
    return Case(Finding(trouble=trouble, where=where, detail=detail), repair)


def leave_alone() -> None:
    """Repair nothing: it may be meant so."""
