"""Two hundred periodic tasks tick once each, in four time zones, with five workers that fail."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import chain

import pytest

from django_jobs.brokers.memory import MemoryBroker
from django_jobs.brokers.redis import RedisBroker
from tests.robustness.simulation.plans import PLANS
from tests.robustness.simulation.timelines import AUTUMN, NIGHT, SPRING, YEAR, Timeline
from tests.robustness.simulation.workers import Workers

NEXT_YEAR = 1_830_000_000_000
"""The brokers' clock in Unix milliseconds: only the workers' clocks move, and none is ahead."""

IS_LONG = "SOAK_SECONDS" in os.environ
"""Whether the whole year is lived through, which takes half an hour."""

TIMELINES = {"the year": YEAR} if IS_LONG else {"spring": SPRING, "autumn": AUTUMN}


@pytest.mark.long
@pytest.mark.timeout(4 * 3_600 if IS_LONG else 300)
@pytest.mark.parametrize("timeline", TIMELINES.values(), ids=TIMELINES)
@pytest.mark.parametrize("pace", PLANS)
def test_each_tick_is_one_run_or_made_up_or_skipped_as_declared(
    pace: str, timeline: Timeline, capsys: pytest.CaptureFixture[str]
) -> None:
    ticks = timeline.ticks(PLANS[pace])
    workers = Workers(MemoryBroker(now=lambda: NEXT_YEAR), PLANS[pace], timeline, moments(ticks))
    workers.live()
    assert dict(workers.runs) == dict.fromkeys(timeline.runs(PLANS[pace], ticks), 1)
    if IS_LONG:
        with capsys.disabled():
            print(f"\n{workers.runs.total()} ticks of {len(PLANS[pace])} tasks, each once")


def test_of_workers_that_race_for_each_tick_in_redis_one_wins(redis_url: str) -> None:
    plans = PLANS["hours"]
    ticks = NIGHT.ticks(plans)
    broker = RedisBroker(redis_url, clock=f"local function clock() return {NEXT_YEAR} end\n")
    workers = Workers(broker, plans, NIGHT, moments(ticks))
    workers.race()
    broker.close()
    assert dict(workers.runs) == dict.fromkeys(NIGHT.runs(plans, ticks), 1)


def moments(ticks: dict[str, list[datetime]]) -> list[datetime]:
    return sorted(set(chain.from_iterable(ticks.values())))
