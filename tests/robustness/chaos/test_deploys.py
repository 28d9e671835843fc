"""Two deploys at once, and workers whose clocks are an hour apart."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta

from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import MakeFleet
from tests.robustness.chaos.scale import FIGURES, LIMIT, SCALE

pytestmark = LIMIT

JOBS = 20 * SCALE
HOUR = 3600


def test_a_task_that_the_old_deploy_does_not_know_waits_for_the_new_one(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(lease=60)
    # It waits for the new one whatever the site says of tasks that fail.
    fleet.start("-c", "4", ready=True, CHAOS_DEPLOY="old", CHAOS_ATTEMPTS="1")
    (old,) = fleet.workers
    new = tasks.new.bulk_enqueue([[]] * JOBS)
    known = tasks.run.bulk_enqueue([[0.01]] * JOBS)
    # The old deploy works on, and has met each of the new jobs.
    fleet.wait_for_runs(JOBS)
    fleet.wait_until(lambda: all(fleet.record(job.id).postponement for job in new), "not met")
    assert {fleet.record(job.id).attempts for job in new} == {0}

    fleet.start("-c", "4", ready=True)
    fleet.workers.remove(old)
    assert old.stop() == 0
    fleet.wait_for_ends(2 * JOBS)

    fleet.assert_each_ran_once([job.id for job in [*new, *known]])
    for job in new:
        record = fleet.record(job.id)
        assert (record.attempts, record.failures) == (1, ())
        assert record.result != str(old.process.pid)
    FIGURES.append(f"Two deploys: {JOBS} jobs of a new task, each of which the old one met first.")


def test_clocks_an_hour_apart_delay_nothing_and_hurry_nothing(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(lease=4)
    for shift in (HOUR, -HOUR):
        fleet.start("-c", "4", CHAOS_CLOCK_SHIFT=str(shift))
    fleet.start(ready=True, number=0)
    for how in ("ahead of", "behind"):
        assert f"Warning: this machine's clock is 3,600 s {how} the broker's" in fleet.said()
    begun_at = time.time()
    later = [tasks.run.using(run_after=timedelta(seconds=1.5)).enqueue(0.01) for _ in range(JOBS)]
    now = tasks.run.bulk_enqueue([[0.05]] * JOBS)
    back = tasks.come_back.bulk_enqueue([[]] * JOBS)
    # Longer than a lease, so that each has had the time to take the other for dead.
    long = tasks.run.enqueue(0.0), tasks.hold.enqueue("release")
    fleet.wait_for_runs(4 * JOBS + 2)
    fleet.wait_until(lambda: time.time() - begun_at > 5, "no time passes")
    fleet.site.notes.put("release")
    fleet.wait_for_ends(3 * JOBS + 2)

    assert fleet.counts() == {State.SUCCEEDED: 3 * JOBS + 2}
    once = [job.id for job in [*later, *now, *long]]
    assert fleet.runs() == Counter(once) + Counter([job.id for job in back] * 2)
    for job in later:
        started = fleet.record(job.id).started_at
        assert started is not None
        assert begun_at + 1.5 <= started / 1000 + 0.002 < begun_at + HOUR / 2
    assert {fleet.record(job.id).crashes for job in [*later, *now, *back, *long]} == {0}
