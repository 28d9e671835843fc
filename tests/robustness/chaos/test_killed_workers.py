"""Workers that are killed at any moment, or frozen past their lease, while many jobs drain."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Sequence
from typing import Any

from django_jobs.compat import TaskResult
from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import Fleet, MakeFleet
from tests.robustness.chaos.scale import LIMIT, SCALE
from tests.support.workers import WorkerProcess

pytestmark = LIMIT

JOBS = 2_000 * SCALE
KILLS = 5 * SCALE
HELD = 4


def test_no_job_is_lost_with_workers_that_are_killed(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(lease=6)
    results = tasks.run.bulk_enqueue([[0.04]] * JOBS)
    fleet.start("-c", "10", number=2, ready=True)
    for number in range(1, KILLS + 1):
        # At any moment of the drain, also while a worker is about to start.
        progress = JOBS * number // (KILLS + 2) + random.randrange(50)
        fleet.wait_for_runs(progress)
        fleet.kill(random.choice(fleet.workers))
        fleet.start("-c", "10")

    fleet.wait_for_ends(JOBS)

    fleet.wait_until(lambda: all(k.recovery is not None for k in fleet.kills), "not taken back")
    fleet.assert_nothing_lost([result.id for result in results])


def test_workers_that_were_frozen_past_their_lease_end_no_job_of_others(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(lease=5)
    for number in range(SCALE):
        held = tasks.hold.bulk_enqueue([[f"release-{number}"]] * HELD)
        freeze_one(fleet, held, f"release-{number}")
        waiting = tasks.run.bulk_enqueue([[0.01]] * 40)
        fleet.wait_for_ends((HELD + 40) * (number + 1))
        assert {fleet.record(one.id).attempts for one in waiting} == {1}
        fleet.stop()


def freeze_one(fleet: Fleet, held: Sequence[TaskResult[..., Any]], release: str) -> None:
    """Freeze a worker that holds jobs until another one runs them; then let both end them."""
    before = fleet.begun()
    fleet.start("-c", str(HELD))
    frozen = fleet.workers[-1]
    fleet.wait_for_runs(before + HELD)
    frozen.freeze()
    fleet.start("-c", "6")
    other = fleet.workers[-1]
    fleet.wait_for_runs(before + 2 * HELD)

    frozen.send(signal.SIGCONT)
    frozen.wait_for("was silent for longer than its lease")
    fleet.site.notes.put(release)

    fleet.wait_until(lambda: refused(frozen) == HELD, "not all were refused")
    for result in held:
        record = fleet.record(result.id)
        fleet.wait_until(lambda: fleet.record(result.id).state.is_final, "not ended")  # noqa: B023
        record = fleet.record(result.id)
        assert (record.state, record.attempts, record.crashes) == (State.SUCCEEDED, 2, 1)
        assert record.result == str(other.process.pid)


def refused(worker: WorkerProcess) -> int:
    """Return how many ends of attempts a worker was told to be too late."""
    lines = re.findall(r"(\d+) attempts ended after their jobs had been given", worker.said)
    return sum(map(int, lines))
