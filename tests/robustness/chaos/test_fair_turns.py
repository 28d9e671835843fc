"""Jobs take turns by their keys while workers are killed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import takewhile

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
        in_flight: how many jobs were claimed before it came; those that are given back go first.
        behind: how many jobs were before it in the queue.
        returned: how many others were, of workers that were killed: these go first, too.
    """

    id: str
    in_flight: int
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
    assert all(one.behind <= CUSTOMERS + one.in_flight for one in newcomers), newcomers
    assert fleet.backend.broker.inspection.fair_keys("default") == ()
    FIGURES.append(
        f"Fair turns: {len(newcomers)} newcomers behind {CUSTOMERS} customers of {JOBS} jobs and"
        f" {len(fleet.kills)} kills came behind {max(one.behind for one in newcomers)} jobs at"
        f" most, and {max(one.returned for one in newcomers)} of killed workers."
    )
    fleet.assert_nothing_lost(ids)


def come(fleet: Fleet, number: int) -> Newcomer:
    in_flight = fleet.redis.eval(COUNT_CLAIMS, 0, f"{fleet.prefix}f:*")
    assert isinstance(in_flight, int)
    result = tasks.run_in_turn.enqueue(f"newcomer-{number}", 0.0)
    inspection = fleet.backend.broker.inspection
    queued = inspection.jobs(State.QUEUED, queue="default", limit=JOBS)
    first = list(takewhile(lambda record: record.job.id != result.id, queued))
    if len(first) == len(queued):
        assert fleet.record(result.id).attempts, "it came behind all of a customer"
        return Newcomer(result.id, in_flight, 0, 0)  # it was claimed at once
    returned = sum(record.crashes > 0 for record in first)
    return Newcomer(result.id, in_flight, len(first) - returned, returned)
