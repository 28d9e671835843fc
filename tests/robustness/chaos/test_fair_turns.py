"""Jobs take turns by their keys while workers are killed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE

pytestmark = LIMIT

CUSTOMERS = 4
JOBS = 200 * SCALE
"""Of each customer; in plain order a newcomer would wait for all of them."""

KILLS = 4 * SCALE
LONGEST = 0.04

COUNT_CLAIMS = """
local number = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  number = number + redis.call('HLEN', key)
end
return number
"""


@dataclass(frozen=True)
class Newcomer:
    """A job of a customer who has no others.

    Attributes:
        in_flight: how many jobs were claimed before it came; those that come back go first.
        place: how many jobs were before it in the queue.
    """

    id: str
    in_flight: int
    place: int


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
    for one in newcomers:
        assert one.place <= CUSTOMERS + one.in_flight, newcomers
    assert fleet.backend.broker.inspection.fair_keys("default") == ()
    FIGURES.append(
        f"Fair turns: {len(newcomers)} newcomers behind {CUSTOMERS} customers of {JOBS} jobs and"
        f" {len(fleet.kills)} kills came behind {max(one.place for one in newcomers)} jobs at most,"
        f" with {max(one.in_flight for one in newcomers)} in flight at most."
    )
    fleet.assert_nothing_lost(ids)


def come(fleet: Fleet, number: int) -> Newcomer:
    in_flight = fleet.redis.eval(COUNT_CLAIMS, 0, f"{fleet.prefix}f:*")
    assert isinstance(in_flight, int)
    result = tasks.run_in_turn.enqueue(f"newcomer-{number}", 0.0)
    inspection = fleet.backend.broker.inspection
    first = inspection.jobs(State.QUEUED, queue="default", limit=JOBS)
    ids = [record.job.id for record in first]
    assert result.id in ids or fleet.record(result.id).attempts, "it came behind all of a customer"
    return Newcomer(result.id, in_flight, ids.index(result.id) if result.id in ids else 0)
