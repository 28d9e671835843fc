"""Connections that are cut, late, half closed or killed while jobs drain."""

from __future__ import annotations

from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE

pytestmark = LIMIT

JOBS = 400 * SCALE
TROUBLES = 4 * SCALE


def test_a_bad_network_costs_no_job_and_runs_none_twice(make_fleet: MakeFleet) -> None:
    # An answer that does not come is missed soon, and the lease outlives all of this.
    fleet = make_fleet(through_proxy=True, socket_timeout=1, lease=60)
    results = tasks.run.bulk_enqueue([[0.04]] * JOBS)
    fleet.start("-c", "10", number=2, ready=True)
    ended = 0
    for number in range(1, TROUBLES + 1):
        fleet.wait_for_runs(JOBS * number // (TROUBLES + 2))
        ended += make_trouble(fleet, number)
    fleet.wait_for_ends(JOBS)

    fleet.assert_each_ran_once([result.id for result in results])
    FIGURES.append(f"Proxy: {JOBS} jobs, {TROUBLES} troubles, {ended} connections ended.")


def make_trouble(fleet: Fleet, number: int) -> int:
    """Do one of four things to all connections; return how many that ended."""
    proxy = fleet.proxy
    match number % 4:
        case 0:
            proxy.lag = 0.05
            return 0
        case 1:
            proxy.lag = 0.0
            return proxy.cut()
        case 2:
            return proxy.half_close()
    return fleet.swallow_answers()


def test_connections_that_are_killed_and_scripts_that_are_flushed_cost_nothing(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(lease=60)
    results = tasks.run.bulk_enqueue([[0.1]] * JOBS)
    fleet.start("-c", "10", number=2, ready=True)
    killed: list[int] = []

    def kill_some() -> bool:
        killed.append(int(fleet.redis.client_kill_filter(_type="normal", skipme=True)))
        return killed[-1] > 0

    for number in range(1, TROUBLES + 1):
        fleet.wait_for_runs(JOBS * number // (TROUBLES + 2))
        fleet.redis.script_flush()
        fleet.wait_until(kill_some, "nobody is connected")
    fleet.wait_for_ends(JOBS)

    fleet.assert_each_ran_once([result.id for result in results])
    FIGURES.append(f"CLIENT KILL and SCRIPT FLUSH: {JOBS} jobs, {sum(killed)} connections killed.")
