"""Two hundred periodic tasks in four zones, by how often they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django_jobs.compat import Task
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.periodic_tasks.registry import isolated_registry, periodic, registered_tasks
from django_jobs.tasks.decorator import task
from tests.robustness.simulation.expected import Line

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")

EVERY_FEW_MINUTES = ("*/5 * * * *",)
EVERY_FEW_HOURS = (
    *("0 * * * *", "30 * * * *", "0,30 * * * *", "0 */2 * * *", "30 */3 * * *"),
    *("0 */6 * * *", "0 9-17 * * 1-5", "30 8,12,18 * * *", "0 1,2,3 * * *", "30 1-3 * * *"),
)
ONCE_A_DAY = (
    *("30 1 * * *", "30 2 * * *", "0 2 * * *", "0 3 * * *", "0 0 * * *", "30 0 * * *"),
    *("0 1 * * *", "30 23 * * *", *(f"0 {hour} * * *" for hour in range(4, 22, 2))),
)
RARELY = (
    *("0 9 * * 1", "30 2 * * 0", "30 1 * * 0", "0 2 * * 0", "30 17 * * 5", "0 0 * * 6"),
    *("0 4 1 * *", "30 2 1 * *", "0 12 15 * *", "30 23 31 * *", "0 0 29 2 *", "0 6 1 1,4,7,10 *"),
    *("30 2 29 3 *", "30 1 1 11 *", "0 2 5 4 *", "30 2 8 3 *", "0 2 25 10 *", "30 2 4 10 *"),
    *("0 8 * 1-6 1", "30 7 10-20 * *", "0 10 1,15 * *", "0 5 * * 2,4"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One periodic task, as its author writes it."""

    number: int
    line: str
    zone: str

    @property
    def catch_up(self) -> bool:
        return self.number % 2 == 0

    @property
    def name(self) -> str:
        return f"{__name__}.task_{self.number}"

    @property
    def read(self) -> Line:
        return Line.read(self.line)


def _plans() -> dict[str, list[Plan]]:
    lines = {
        "minutes": [("* * * * *", ZONES[2]), *_everywhere(EVERY_FEW_MINUTES)],
        "hours": _everywhere(EVERY_FEW_HOURS),
        "days": _everywhere(ONCE_A_DAY + RARELY),
    }
    numbers = iter(range(1_000))
    return {
        pace: [Plan(number=next(numbers), line=line, zone=zone) for line, zone in pairs]
        for pace, pairs in lines.items()
    }


def _everywhere(lines: tuple[str, ...]) -> list[tuple[str, str]]:
    # By zones first, so that the numbers and with them `catch_up` differ between zones.
    return [(line, zone) for zone in ZONES for line in lines]


PLANS = _plans()
"""The plans by pace, so that a worker that looks each minute need not look at all of them."""


def register(plans: list[Plan]) -> tuple[PeriodicTask, ...]:
    """Register the tasks of plans as a site does, and return them as its workers see them."""
    with isolated_registry():
        for plan in plans:
            decorate = periodic(plan.line, timezone=plan.zone, catch_up=plan.catch_up)
            decorate(_task(f"task_{plan.number}"))
        return registered_tasks()


def _task(name: str) -> Task:
    def run() -> None:
        """Never called: its jobs are only counted."""

    run.__qualname__ = run.__name__ = name
    decorate: Callable[..., Task] = task
    return decorate(run)
