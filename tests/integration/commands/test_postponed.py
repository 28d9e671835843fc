"""What commands say of jobs that wait for a worker that knows them."""

from __future__ import annotations

from django_jobs.backends import RedisBackend
from django_jobs.brokers.base import Broker
from django_jobs.brokers.health import Thresholds, check_health
from django_jobs.jobs.records import State
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import limit_reached, make_failure, make_job, postponed
from tests.support.driver import Driver

MESSAGE = "There is no task 'shop.tasks.ship' here: it is new."


def postpone_one(broker: Broker) -> str:
    """Let a worker postpone a job, and return the job's id."""
    worker = Driver(broker, "w1")
    broker.push([job := make_job()])
    failure = make_failure(exception="django_jobs.errors.TaskNotFound", message=MESSAGE)
    worker.settle(postponed(worker.take_one(), failure=failure))
    return job.id


def test_the_list_says_what_a_postponed_job_waits_for(jobs: Jobs, broker: Broker) -> None:
    postpone_one(broker)
    row = jobs("list").out.splitlines()[-1]
    assert "scheduled" in row
    assert row.endswith("waits for a worker that knows it: django_jobs.errors.TaskNotFound")


def test_show_says_what_a_worker_did_not_know(jobs: Jobs, broker: Broker) -> None:
    job_id = postpone_one(broker)
    assert f": {MESSAGE}\n" in jobs("show", job_id).out
    assert "for a worker that knows it, since " in jobs("show", job_id).out
    shown = jobs("show", "--json", job_id).json
    assert shown["postponed_for"] == MESSAGE
    assert shown["postponed_since"]


def test_show_says_which_limit_a_job_has_reached(jobs: Jobs, broker: Broker) -> None:
    worker = Driver(broker, "w1")
    broker.push([job := make_job()])
    worker.settle(limit_reached(worker.take_one(), failure=make_failure(message="429")))

    assert ": 429\n" in jobs("show", job.id).out.partition("Limit reached")[2]
    assert jobs("show", "--json", job.id).json["limit_reached"] == "429"


def test_other_jobs_are_not_postponed(jobs: Jobs) -> None:
    shown = jobs("show", "--json", tasks.greet.enqueue().id).json
    assert (shown["postponed_since"], shown["postponed_for"]) == (None, None)


def test_the_check_warns_of_postponed_jobs(jobs: Jobs, broker: Broker) -> None:
    assert not [one for one in check_health(broker, Thresholds()).warnings if "knows" in one]
    postpone_one(broker)
    (warning,) = [one for one in check_health(broker, Thresholds()).warnings if "knows" in one]
    assert warning.startswith("Jobs of shop.tasks.ship wait for a worker that knows them.")


def test_the_check_prints_the_warning(redis_backend: RedisBackend, jobs: Jobs) -> None:
    postpone_one(redis_backend.broker)
    worker = Driver(redis_backend.broker, "w2")
    worker.heartbeat()
    answer = jobs("check")
    assert "Warning: Jobs of shop.tasks.ship wait for a worker that knows them." in answer.err
    assert redis_backend.broker.inspection.counts()[State.SCHEDULED] == 1
