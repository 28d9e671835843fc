"""Jobs take turns by their keys while workers are killed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE

pytestmark = LIMIT

CUSTOMERS = 4
JOBS = 200 * SCALE
"""Of each customer; in plain order a newcomer would wait for all of them."""

KILLS = 4 * SCALE
LONGEST = 0.04


COUNT_BEFORE = """
local prefix, id = ARGV[1], ARGV[2]
local queue = prefix .. 'q:default'
local place, returned = redis.call('ZRANK', queue, id), 0
if not place or place == 0 then return { 0, 0 } end
for _, other in ipairs(redis.call('ZRANGE', queue, 0, place - 1)) do
  returned = returned + redis.call('HEXISTS', prefix .. 'j:' .. other, 'n')
end
return { place - returned, returned }
"""
"""A claim leaves its token in the job."""


@dataclass(frozen=True)
class Newcomer:
    """A job of a customer who has no others.

    Attributes:
        behind: how many jobs were before it in the queue that no worker had ever claimed.
        returned: how many others were, which workers had lost or given back: these go first.
    """

    id: str
    behind: int
    returned: int


def test_a_newcomer_waits_for_one_job_of_each_customer_with_workers_that_are_killed(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(lease=6)
    customers = [f"customer-{number}" for number in range(CUSTOMERS)]
    calls = [[customer, LONGEST] for customer in customers for _ in range(JOBS)]
    ids = [result.id for result in tasks.run_in_turn.bulk_enqueue(calls)]
    fleet.start("-c", "4", number=2, ready=True)
    newcomers = []
    for number in range(1, KILLS + 1):
        fleet.wait_for_runs(len(ids) * number // (KILLS + 2))
        fleet.kill(random.choice(fleet.workers))
        fleet.start("-c", "4")
        newcomers.append(come(fleet, number))
        fleet.wait_until(lambda: newcomers[-1].id in fleet.runs(), "the newcomer does not run")

    ids += [one.id for one in newcomers]
    fleet.wait_for_ends(len(ids))

    fleet.wait_until(lambda: all(k.recovery is not None for k in fleet.kills), "not taken back")
    assert all(one.behind <= CUSTOMERS for one in newcomers), newcomers
    assert fleet.backend.broker.inspection.fair_keys("default") == ()
    FIGURES.append(
        f"Fair turns: {len(newcomers)} newcomers behind {CUSTOMERS} customers of {JOBS} jobs and"
        f" {len(fleet.kills)} kills came behind {max(one.behind for one in newcomers)} jobs at"
        f" most, and {max(one.returned for one in newcomers)} that had come back."
    )
    fleet.assert_nothing_lost(ids)


def come(fleet: Fleet, number: int) -> Newcomer:
    result = tasks.run_in_turn.enqueue(f"newcomer-{number}", 0.0)
    before: Any = fleet.redis.eval(COUNT_BEFORE, 0, fleet.prefix, result.id)
    return Newcomer(result.id, *before)
