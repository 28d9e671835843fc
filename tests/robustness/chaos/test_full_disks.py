"""A worker whose disk is full continues, although it cannot write."""

from __future__ import annotations

from django_jobs.jobs.records import State
from tests.robustness.chaos import tasks
from tests.robustness.chaos.fleet import MakeFleet
from tests.robustness.chaos.scale import LIMIT, SCALE

pytestmark = LIMIT


def test_a_worker_that_can_write_no_log_does_its_work(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(lease=4)
    fleet.start("-c", "4", CHAOS_OUTPUT="/dev/full")
    broken = tasks.write_to_full_disk.bulk_enqueue([[]] * 5)
    results = tasks.run.bulk_enqueue([[0.01]] * 50 * SCALE)
    fleet.wait_for_ends(len(results) + len(broken))
    # With an outage, of which it would have a lot to say.
    fleet.server.kill9()
    fleet.server.start()
    results += tasks.run.bulk_enqueue([[0.01]] * 50 * SCALE)
    fleet.wait_for_ends(len(results) + len(broken))

    assert {fleet.record(job.id).state for job in results} == {State.SUCCEEDED}
    for job in broken:
        record = fleet.record(job.id)
        assert (record.state, record.attempts) == (State.DEAD, 2)
        assert record.failures[-1].message == "[Errno 28] No space left on device"
    (worker,) = fleet.workers
    # Python itself says so at its end if a last line could not be written.
    assert worker.stop() in {0, 120}
