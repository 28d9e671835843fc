"""Jobs, and settlements of claims, changed where a test cares."""

from __future__ import annotations

from typing import Any

from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Claim, Failure, Job, Settlement, State
from tests.support.clock import START


def make_job(**changes: Any) -> Job:
    """A job of the queue "default", changed where a test cares."""
    values: dict[str, Any] = {
        "id": new_job_id(),
        "task": "shop.tasks.ship",
        "queue": "default",
        "priority": 0,
        "arguments": '{"args":[],"kwargs":{}}',
        "enqueued_at": START,
    }
    return Job(**(values | changes))


def make_jobs(number: int, **changes: Any) -> list[Job]:
    return [make_job(**changes) for _ in range(number)]


def make_failure(**changes: Any) -> Failure:
    values: dict[str, Any] = {
        "exception": "builtins.ValueError",
        "message": "no such parcel",
        "traceback": "Traceback …\nValueError: no such parcel\n",
        "at": START,
        "worker": "w1",
        "attempt": 1,
    }
    return Failure(**(values | changes))


def ended(claim: Claim, state: State, **changes: Any) -> Settlement:
    return Settlement(job_id=claim.job.id, token=claim.token, tag=claim.tag, state=state, **changes)


def succeeded(claim: Claim, **changes: Any) -> Settlement:
    return ended(claim, State.SUCCEEDED, **changes)


def limited(job_id: str, *limits: JobLimit, **changes: Any) -> Job:
    """A job with limits; without any, of one that lets two of its jobs run at once."""
    return make_job(id=job_id, limits=limits or (JobLimit("mail", 2),), **changes)


def limit_reached(
    claim: Claim, delay: int = 30_000, closes: str = "", **changes: Any
) -> Settlement:
    changes.setdefault("failure", make_failure(attempt=claim.attempt))
    return ended(claim, State.SCHEDULED, delay=delay, closes=closes, **changes)


def retrying(claim: Claim, delay: int = 0, **changes: Any) -> Settlement:
    changes.setdefault("failure", make_failure(attempt=claim.attempt))
    return ended(claim, State.RETRYING, delay=delay, **changes)


def dead(claim: Claim, **changes: Any) -> Settlement:
    changes.setdefault("failure", make_failure(attempt=claim.attempt))
    return ended(claim, State.DEAD, **changes)


def discarded(claim: Claim, **changes: Any) -> Settlement:
    return ended(claim, State.DISCARDED, **changes)


def given_back(claim: Claim) -> Settlement:
    return ended(claim, State.QUEUED)


def postponed(claim: Claim, **changes: Any) -> Settlement:
    changes.setdefault("failure", make_failure(attempt=claim.attempt))
    return ended(claim, State.SCHEDULED, **changes)
