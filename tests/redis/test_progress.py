"""Progress in Redis that somebody deleted or corrupted."""

from __future__ import annotations

import pytest
import redis

from django_jobs.brokers.messages import JobProgress
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Claim
from tests.support.builders import make_job
from tests.support.driver import Driver, found
from tests.support.redis_keys import PREFIX


@pytest.fixture
def claim(broker: RedisBroker, w1: Driver) -> Claim:
    broker.push([make_job()])
    return w1.take_one()


def beat(worker: Driver, claim: Claim) -> None:
    """Send a heartbeat with the progress of a job."""
    half = Progress(5, 10, "rows")
    worker.heartbeat(
        progress=[JobProgress(job_id=claim.job.id, token=claim.token, tag=claim.tag, progress=half)]
    )


def test_of_a_job_that_was_deleted_by_hand_nothing_is_stored(
    client: redis.Redis, w1: Driver, claim: Claim
) -> None:
    client.delete(f"{PREFIX}j:{claim.job.id}")
    beat(w1, claim)
    assert not client.exists(f"{PREFIX}j:{claim.job.id}")


@pytest.mark.parametrize(
    "corrupted",
    [
        "",
        "{}",
        "[1]",
        '[1,"5",10,""]',
        '[1,NaN,10,""]',
        '[1,-1,10,""]',
        '[1,5,0,""]',
        '[1,5,1e99,""]',
        '[1,5,Infinity,""]',
        "[" * 9999,
    ],
)
def test_corrupted_progress_is_read_as_none(
    corrupted: str, broker: RedisBroker, client: redis.Redis, w1: Driver, claim: Claim
) -> None:
    beat(w1, claim)
    client.hset(f"{PREFIX}j:{claim.job.id}", "g", corrupted)
    assert found(broker.inspection, claim.job.id).progress is None
