"""Five workers that keep the ticks of periodic tasks in simulated time."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django_jobs.brokers.base import Broker
from django_jobs.clock import from_ms
from django_jobs.compat import Task
from django_jobs.jobs.records import Claim, Job
from django_jobs.worker.background.periodic import LONGEST_WAIT, Ticker
from tests.robustness.simulation.expected import Span
from tests.robustness.simulation.plans import Plan, register
from tests.robustness.simulation.timelines import HOUR, WORKERS, Timeline
from tests.support.builders import make_job, succeeded
from tests.support.driver import Driver
from tests.support.threads import in_threads

LATEST_MS = 45_000
"""How late a worker looks at most, in milliseconds: less than what makes a tick a missed one."""

SEVERAL = [1] * 9 + [4]
"""How many look at a tick: mostly one, as looking takes the time and the others find nothing."""


class Workers:
    """Tickers of one broker, which look at each tick: some of them, at moments of their own.

    Args:
        moments: all at which something is due, in order.

    Attributes:
        runs: how many jobs were pushed for each task and tick.
    """

    def __init__(
        self, broker: Broker, plans: list[Plan], timeline: Timeline, moments: list[datetime]
    ) -> None:
        tasks = register(plans)
        self.runs: Counter[tuple[str, datetime]] = Counter()
        self._broker = broker
        self._tickers = [Ticker(broker, tasks, _make_job) for _ in range(WORKERS)]
        self._timeline = timeline
        self._moments = moments
        self._chance = random.Random(len(plans))
        self._collector = Driver(broker, "collector")
        self._claims: tuple[Claim, ...] = ()

    def live(self) -> None:
        for span in self._timeline.spans:
            for number in self._awake(span.start):
                self._look(number, span.start)
            for moment in self._course(span):
                for number, now in self._lookers(moment):
                    self._look(number, now)

    def race(self) -> None:
        """Live with all workers looking at each tick at once."""
        for span in self._timeline.spans:
            for moment in [span.start, *self._course(span)]:
                in_threads(WORKERS, partial(self._tick, now=moment))
                self._collect()

    def _course(self, span: Span) -> Iterator[datetime]:
        """The moments at which something is due, as the clocks show them."""
        first, last = (bisect_right(self._moments, it) for it in (span.start, span.end))
        for moment in self._moments[first:last]:
            yield moment
            if moment in self._timeline.set_back:
                again = bisect_right(self._moments, moment - HOUR)
                yield from (it for it in self._moments[again:last] if it <= moment)

    def _awake(self, moment: datetime) -> list[int]:
        absent = self._timeline.absent
        return list(range(WORKERS - (absent.start <= moment <= absent.end)))

    def _lookers(self, moment: datetime) -> list[tuple[int, datetime]]:
        """Who looks at a tick and when: at least one whose clock is right."""
        behind = self._timeline.behind
        chosen = self._chance.sample(self._awake(moment), self._chance.choice(SEVERAL))
        if behind.start <= moment <= behind.end and 0 in chosen:
            return [(0, moment - HOUR), (1, moment)]
        late = sorted(self._chance.choice([0, self._late()]) for _ in chosen)
        return [
            (number, moment + timedelta(milliseconds=by))
            for number, by in zip(chosen, late, strict=True)
        ]

    def _late(self) -> int:
        return self._chance.randint(0, LATEST_MS)

    def _look(self, number: int, now: datetime) -> None:
        pause = self._tick(number, now)
        # Only so is it right that nobody looks between two moments at which something is due.
        following = self._moments[bisect_right(self._moments, now)]
        assert pause == min((following - now).total_seconds(), LONGEST_WAIT)
        self._collect()

    def _tick(self, number: int, now: datetime) -> float:
        return self._tickers[number].tick(now)

    def _collect(self) -> None:
        settlements = [succeeded(claim) for claim in self._claims]
        self._claims = self._collector.exchange(
            "default", limit=1_000, settlements=settlements
        ).claims
        stored = self._broker.ticks() if self._claims else {}
        for claim in self._claims:
            self.runs[claim.job.task, from_ms(stored[claim.job.task])] += 1


def _make_job(called: Task) -> Job:
    return make_job(task=called.module_path, result_ttl=0)
