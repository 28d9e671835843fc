"""`manage.py jobs move`, between queues and between backends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management.base import CommandError
from django.test import override_settings

from django_jobs.backends import JobBackend
from django_jobs.jobs.records import JOB_FORMAT, State
from django_jobs.management.jobs import moving
from django_jobs.management.target import job_backend
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import make_job
from tests.support.driver import Driver, ids


@pytest.fixture
def two_backends(redis_url: str) -> Iterator[tuple[JobBackend, JobBackend]]:
    """Two backends in Redis, with a store of their own each, and a third one in memory."""
    redis = "django_jobs.backends.RedisBackend"
    aliases = {
        "default": {"BACKEND": redis, "QUEUES": [], "OPTIONS": {"url": redis_url}},
        "second": {
            "BACKEND": redis,
            "QUEUES": ["default", "bulk"],
            "OPTIONS": {"url": redis_url, "namespace": "second"},
        },
        "same": {"BACKEND": redis, "OPTIONS": {"url": redis_url}},
        "threads": {"BACKEND": "django_jobs.backends.ThreadPoolBackend"},
    }
    with override_settings(TASKS=aliases):
        yield job_backend("default"), job_backend("second")


def queue_of(backend: JobBackend, job_id: str) -> str | None:
    record = backend.broker.inspection.find(job_id)
    return record.job.queue if record else None


def test_jobs_move_to_another_queue_by_id(jobs: Jobs, backend: JobBackend) -> None:
    first, second = tasks.greet.enqueue("Ann"), tasks.greet.enqueue("Bob")

    answer = jobs("move", first.id, "--to-queue", "low")

    assert answer.out == "1 job moved.\n"
    assert [queue_of(backend, one.id) for one in (first, second)] == ["low", "default"]


def test_jobs_in_all_waiting_states_move_with_all(jobs: Jobs, backend: JobBackend) -> None:
    now = tasks.greet.enqueue("Ann")
    later = tasks.greet.using(run_after=timedelta(hours=1)).enqueue("Ann")

    answer = jobs("move", "--all", "--to-queue", "low", "--no-input", "--json")

    assert answer.json == {"action": "move", "moved": 2, "refused": []}
    assert [queue_of(backend, one.id) for one in (now, later)] == ["low", "low"]


def test_many_jobs_move_in_portions(
    jobs: Jobs, backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving, "PORTION", 3)
    tasks.greet.bulk_enqueue([["Ann"]] * 10)

    answer = jobs("move", "--all", "--queue", "default", "--to-queue", "low", "--no-input")

    assert answer.out == "10 jobs moved.\n"
    assert ids(Driver(backend.broker).take(20, "low"))


@pytest.mark.parametrize(
    ("filters", "moved"),
    [
        (["--state", "scheduled"], ["later"]),
        (["--queue", "low"], ["low"]),
        (["--task", "fail"], ["fail"]),
        (["--text", "Cleo"], ["text"]),
    ],
)
def test_filters_choose_the_jobs(
    jobs: Jobs, backend: JobBackend, filters: list[str], moved: list[str]
) -> None:
    enqueued = {
        "later": tasks.greet.using(run_after=timedelta(hours=1)).enqueue("Ann"),
        "low": tasks.greet.using(queue_name="low").enqueue("Ann"),
        "fail": tasks.fail.enqueue(),
        "text": tasks.greet.enqueue("Cleo"),
    }

    jobs("move", "--all", *filters, "--to-queue", "mailers", "--no-input")

    there = [name for name, one in enqueued.items() if queue_of(backend, one.id) == "mailers"]
    assert there == moved


def test_jobs_move_to_another_backend_and_keep_their_queue(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    first, second = two_backends
    one = tasks.greet.enqueue("Ann")

    answer = jobs("move", "--all", "--to-backend", "second", "--no-input")

    assert answer.out == "1 job moved.\n"
    assert (queue_of(first, one.id), queue_of(second, one.id)) == (None, "default")
    assert jobs("list", "--backend", "second", "--json").json[0]["id"] == one.id


def test_jobs_move_to_another_queue_of_another_backend(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    first, second = two_backends
    one = tasks.greet.enqueue("Ann")

    jobs("move", one.id, "--to-backend", "second", "--to-queue", "bulk")

    assert (queue_of(first, one.id), queue_of(second, one.id)) == (None, "bulk")


def test_jobs_of_a_later_release_stay(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    first, second = two_backends
    later = make_job(format=JOB_FORMAT + 1)
    first.broker.push([later])
    one = tasks.greet.enqueue("Ann")

    with pytest.raises(CommandError, match=f"Job {later.id} was not moved: a newer django_jobs"):
        jobs("move", "--all", "--to-backend", "second", "--no-input")

    assert (queue_of(first, later.id), queue_of(second, later.id)) == (later.queue, None)
    assert queue_of(second, one.id) == "default"


def test_jobs_of_a_queue_that_the_other_backend_lacks_stay(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    one = tasks.greet.using(queue_name="low").enqueue("Ann")

    with pytest.raises(CommandError, match="Unknown queue 'low'"):
        jobs("move", one.id, "--to-backend", "second")

    assert queue_of(two_backends[0], one.id) == "low"


def test_what_an_interrupted_move_left_is_finished(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    first, second = two_backends
    one = tasks.greet.enqueue("Ann")
    first.broker.inspection.move([one.id], "default", "bulk (moving to second)", held=True)

    answer = jobs("move", "--all", "--to-backend", "second", "--no-input")

    assert answer.out == "1 job moved.\n"
    assert queue_of(second, one.id) == "bulk"


def test_jobs_of_the_same_store_stay(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    one = tasks.greet.enqueue("Ann")

    with pytest.raises(CommandError, match="both backends are the same store"):
        jobs("move", one.id, "--to-backend", "same")

    record = two_backends[0].broker.inspection.find(one.id)
    assert record
    assert (record.state, record.job.queue) == (State.QUEUED, "default")


def test_a_second_process_is_told_to_wait(
    jobs: Jobs, two_backends: tuple[JobBackend, JobBackend]
) -> None:
    one = tasks.greet.enqueue("Ann")
    two_backends[0].broker.inspection.hold_moves("another", 60_000)

    with pytest.raises(CommandError, match="are being moved by another process"):
        jobs("move", one.id, "--to-backend", "second")

    assert queue_of(two_backends[0], one.id) == "default"


def test_jobs_that_do_not_wait_are_refused(jobs: Jobs, backend: JobBackend) -> None:
    running = tasks.greet.enqueue("Ann")
    Driver(backend.broker).take_one()

    with pytest.raises(CommandError) as refused:
        jobs("move", running.id, "nothing", "--to-queue", "low")

    assert str(refused.value) == (
        "There is no job 'nothing', or it is no longer kept.\n"
        f"Job {running.id} is running: only queued, scheduled or retrying jobs can be moved."
    )


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--to-queue", "low"], 2, "Give either the IDs of jobs, or --all"),
        (["x", "--all", "--to-queue", "low"], 2, "Give either the IDs of jobs, or --all"),
        (["x", "--state", "queued", "--to-queue", "low"], 2, "not both"),
        (["x"], 2, "Say where the jobs go"),
        (["--all", "--to-backend", "default"], 2, "Say where the jobs go"),
        (["--all", "--to-backend", "secnd"], 1, "Did you mean 'second'"),
        (["--all", "--to-backend", "threads"], 1, "in the memory of the process"),
        (["--all", "--to-backend", "second", "--to-queue", "low"], 1, "queue 'low'"),
        (["--all", "--to-queue", "not valid"], 1, "QUEUE"),
        (["--all", "--queue", "empty", "--to-backend", "second"], 1, "none was moved"),
        (["--all", "--to-backend", "second", "--no-input"], 1, "none was moved"),
    ],
)
def test_a_move_that_cannot_be_made_is_explained(
    jobs: Jobs,
    two_backends: tuple[JobBackend, JobBackend],
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    with pytest.raises(CommandError) as refused:
        jobs("move", *arguments)

    assert sentence in str(refused.value)
    assert refused.value.returncode == code


def test_a_move_of_all_asks_first(jobs: Jobs, backend: JobBackend) -> None:
    one = tasks.greet.enqueue("Ann")

    with pytest.raises(CommandError, match="Move the 1 waiting job to queue low"):
        jobs("move", "--all", "--to-queue", "low")

    assert queue_of(backend, one.id) == "default"
