"""When workers run, stop, and have their clocks set back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.robustness.simulation.expected import Clocks, Span, runs
from tests.robustness.simulation.plans import Plan

HOUR = timedelta(hours=1)
WORKERS = 5


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Span:
    return Span(at(start), at(end))


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happens to five workers.

    Attributes:
        spans: when at least one of them runs; the others are on their way.
        set_back: when all their clocks jump back an hour.
        absent: when the last worker is down, while the others run.
        behind: when the first worker's clock is an hour late.
    """

    spans: list[Span]
    set_back: list[datetime]
    absent: Span
    behind: Span

    def ticks(self, plans: list[Plan]) -> dict[str, list[datetime]]:
        """Return all ticks of each plan by its name, also those while no worker ran."""
        by_zone: dict[str, list[Plan]] = defaultdict(list)
        for plan in plans:
            by_zone[plan.zone].append(plan)
        found = {}
        for zone, its_plans in by_zone.items():
            # One zone at a time: the clocks of a year take much memory.
            clocks = Clocks(zone, self.spans[0].start.replace(second=0), self.spans[-1].end + HOUR)
            found.update({plan.name: clocks.ticks(plan.read) for plan in its_plans})
        return found

    def runs(
        self, plans: list[Plan], ticks: dict[str, list[datetime]]
    ) -> set[tuple[str, datetime]]:
        """Return the ticks at which jobs must have been pushed, with the names of their tasks."""
        return {
            (plan.name, tick)
            for plan in plans
            for tick in runs(ticks[plan.name], self.spans, catch_up=plan.catch_up)
        }


SPRING = Timeline(
    [
        span("2026-03-08T05:45:10", "2026-03-08T08:15:59"),  # New York
        span("2026-03-11T08:30:30", "2026-03-11T09:00:59"),  # after three days of downtime
        span("2026-03-28T23:45:10", "2026-03-29T02:15:59"),  # Berlin
        span("2026-04-04T13:30:45", "2026-04-04T16:00:59"),  # Lord Howe
    ],
    set_back=[at("2026-03-29T01:40")],
    absent=span("2026-03-08T06:30", "2026-03-11T08:45"),
    behind=span("2026-03-08T06:30", "2026-03-08T08:00"),
)

AUTUMN = Timeline(
    [
        span("2026-10-03T14:15:10", "2026-10-03T16:30:59"),  # Lord Howe
        span("2026-10-24T23:30:30", "2026-10-25T02:15:59"),  # Berlin
        span("2026-10-28T02:30:30", "2026-10-28T03:00:59"),  # after three days of downtime
        span("2026-11-01T04:45:10", "2026-11-01T07:15:59"),  # New York
    ],
    set_back=[at("2026-10-25T01:20"), at("2026-11-01T06:40")],
    absent=span("2026-10-25T00:30", "2026-10-28T02:45"),
    behind=span("2026-10-24T23:45", "2026-10-25T02:00"),
)

NIGHT = Timeline(
    [AUTUMN.spans[1]], set_back=AUTUMN.set_back, absent=AUTUMN.absent, behind=AUTUMN.behind
)

YEAR = Timeline(
    [
        span("2026-01-01T00:00:10", "2026-06-10T11:20:59"),
        span("2026-06-13T11:30:30", "2026-10-23T16:59:59"),  # after three days of downtime
        span("2026-10-26T17:00:30", "2027-01-01T00:00:59"),  # and over a change of the clocks
    ],
    set_back=[at("2026-03-29T01:40"), at("2026-07-15T12:00"), at("2026-11-01T06:40")],
    absent=span("2026-05-01T00:00", "2026-05-04T00:00"),
    behind=span("2026-04-04T12:00", "2026-04-05T12:00"),
)
