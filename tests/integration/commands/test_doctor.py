"""`manage.py jobs doctor`, for operators and for programs."""

from __future__ import annotations

import pytest
import redis
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.jobs.records import State
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs


@pytest.fixture
def lost_job(redis_backend: JobBackend, redis_url: str) -> str:
    """The id of a job that somebody took out of its queue."""
    job_id = tasks.greet.enqueue().id
    with redis.Redis.from_url(redis_url) as client:
        client.delete("{jobs}:q:default")
    return job_id


def test_a_store_that_fits_together(jobs: Jobs, backend: JobBackend) -> None:
    tasks.greet.enqueue()
    assert jobs("doctor").out == "The store is consistent.\n"
    assert jobs("doctor", "--json").json == {"healthy": True, "repaired": [], "left": []}


def test_a_problem_is_shown_with_what_a_repair_would_do(jobs: Jobs, lost_job: str) -> None:
    with pytest.raises(CommandError, match=r"1 problem found\. Repair with") as failed:
        jobs("doctor")
    assert failed.value.returncode == 1


def test_what_was_found_is_repaired(jobs: Jobs, lost_job: str, redis_backend: JobBackend) -> None:
    out = jobs("doctor", "--repair").out

    assert out.startswith(f"Repaired: The queued job {lost_job} is in no index")
    assert jobs("doctor").out == "The store is consistent.\n"
    assert redis_backend.broker.inspection.counts()[State.QUEUED] == 1


def test_json_says_the_same(jobs: Jobs, lost_job: str) -> None:
    (repaired,) = jobs("doctor", "--repair", "--json").json["repaired"]

    assert repaired == {
        "kind": "unlisted_job",
        "where": lost_job,
        "detail": "queued",
        "problem": f"The queued job {lost_job} is in no index, so nothing will happen to it.",
        "repair": "add it to the index of its state",
        "is_note": False,
    }


def test_a_remark_fails_no_check(jobs: Jobs, redis_backend: JobBackend) -> None:
    redis_backend.broker.inspection.pause("not-yet")

    out = jobs("doctor").out

    assert out == (
        "Note: The queue not-yet is paused and has never held a job.\nThe store is consistent.\n"
    )


def test_many_findings_of_a_kind_are_cut_short(
    jobs: Jobs, redis_backend: JobBackend, redis_url: str
) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.zadd("{jobs}:q:default", {f"nobody{n}": n for n in range(30)})
    redis_backend.broker.inspection.pause("default")

    out = jobs("doctor", "--repair").out

    assert out.count("Repaired: ") == 21  # an entry each, and the queue that was in no list
    assert "… and 10 more of missing_job." in out
