"""What `manage.py jobs` changes: single jobs, all jobs of a kind, whole queues."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.records import Lock, OnConflict, State
from django_jobs.management.jobs import bulk
from django_jobs.management.jobs.progress import Progress
from django_jobs.testing import enqueued_jobs, override_backend, run_enqueued
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import dead as dead_job
from tests.support.builders import limited, make_job
from tests.support.driver import Driver

Type = Callable[[str], int]

pytestmark = pytest.mark.usefixtures("backend")


def dead(number: int) -> list[str]:
    """Return the ids of so many jobs that are dead."""
    ids = [tasks.fail.enqueue(f"reason {each}").id for each in range(number)]
    run_enqueued(raise_errors=False)
    return ids


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """A person at a real terminal: `terminal("y")` types that and the return key."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield lambda answer: os.write(ours, f"{answer}\n".encode())
    os.close(ours)


# --- single jobs ------------------------------------------------------------------------------


def test_retry_queues_jobs_again(jobs: Jobs, broker: Broker) -> None:
    ids = dead(3)
    assert jobs("retry", *ids[:2]).out == "2 jobs retried.\n"
    assert broker.inspection.counts()[State.QUEUED] == 2
    assert jobs("retry", ids[2], "--json").json == {
        "action": "retry",
        "changed": 1,
        "locked": 0,
        "refused": [],
    }


def test_cancel_ends_a_job_that_waits(jobs: Jobs, broker: Broker) -> None:
    job_id = tasks.greet.using(run_after=timedelta(hours=1)).enqueue().id
    assert jobs("cancel", job_id).out == "1 job cancelled.\n"
    record = broker.inspection.find(job_id)
    assert record is not None
    assert record.state is State.DISCARDED


def test_delete_forgets_a_job(jobs: Jobs, broker: Broker) -> None:
    [job_id] = dead(1)
    assert jobs("delete", job_id).out == "1 job deleted.\n"
    assert broker.inspection.find(job_id) is None


def test_jobs_that_cannot_be_changed_are_named_and_the_rest_is_changed(
    jobs: Jobs, broker: Broker
) -> None:
    [job_id] = dead(1)
    waiting = tasks.greet.enqueue().id
    states = "dead, discarded, retrying or scheduled"
    with pytest.raises(CommandError) as refused:
        jobs("retry", "nope", job_id, waiting)
    assert refused.value.returncode == 1
    assert str(refused.value).splitlines() == [
        "There is no job 'nope', or it is no longer kept.",
        f"Job {waiting} is queued: only {states} jobs can be retried.",
    ]
    assert broker.inspection.counts()[State.QUEUED] == 2


def test_cancel_says_when_a_running_job_ends(jobs: Jobs, broker: Broker) -> None:
    job_id = tasks.greet.enqueue().id
    worker = Driver(broker)
    worker.take_one()

    assert jobs("cancel", job_id).out == (
        "1 job cancelled.\nRunning jobs end with their workers' next heartbeats, within 5 s.\n"
    )
    assert worker.heartbeat().cancelled == (job_id,)


def test_a_running_job_is_neither_retried_nor_deleted(jobs: Jobs, broker: Broker) -> None:
    job_id = tasks.greet.enqueue().id
    Driver(broker).take_one()
    for action in ("delete", "retry"):
        with pytest.raises(CommandError, match=f"Job {job_id} is running: only "):
            jobs(action, job_id)


# --- all of a kind ------------------------------------------------------------------------------


def test_all_jobs_of_a_state_are_retried(jobs: Jobs, broker: Broker) -> None:
    dead(3)
    assert jobs("retry", "--all", "--state", "dead", "--no-input").out == "3 jobs retried.\n"
    assert broker.inspection.counts()[State.QUEUED] == 3


def test_all_means_what_the_filters_say(jobs: Jobs, broker: Broker) -> None:
    dead(2)
    low = tasks.greet.using(queue_name="low").enqueue("low").id
    tasks.greet.enqueue()
    tasks.refuse.using(queue_name="low").enqueue()

    chosen = ("--all", "--state", "queued", "--queue", "low", "--task", "greet", "--no-input")
    assert jobs("cancel", *chosen, "--json").json["changed"] == 1
    record = broker.inspection.find(low)
    assert record is not None
    assert record.state is State.DISCARDED
    assert broker.inspection.counts()[State.QUEUED] == 2


def test_jobs_are_chosen_by_their_error_and_by_text_in_their_arguments(
    jobs: Jobs, broker: Broker
) -> None:
    [about_ink] = dead(1)
    about_paper = tasks.fail.enqueue("out of Paper").id
    run_enqueued(raise_errors=False)

    def listed(*arguments: str) -> list[str]:
        return [job["id"] for job in jobs("list", *arguments, "--json").json]

    assert listed("--error", "RuntimeError", "--text", "PAPER") == [about_paper]
    assert listed("--error", "KeyError") == []
    assert set(listed("--error", "builtins.RuntimeError")) == {about_ink, about_paper}
    chosen = ("--all", "--state", "dead", "--error", "RuntimeError", "--text", "paper")
    assert jobs("delete", *chosen, "--no-input").out == "1 job deleted.\n"
    assert listed() == [about_ink]


def test_bulk_reaches_every_page(
    jobs: Jobs, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PAGE", 3)
    for number in range(10):
        (tasks.greet if number % 2 else tasks.refuse).enqueue()
    answer = jobs("delete", "--all", "--state", "queued", "--task", "greet", "--no-input")
    assert answer.out == "5 jobs deleted.\n"
    assert {job.task.name for job in enqueued_jobs()} == {"refuse"}


def test_an_interrupted_bulk_change_keeps_what_is_done(
    jobs: Jobs, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead(2)
    monkeypatch.setattr(bulk, "PAGE", 1)
    advance = Progress.advance

    def interrupt(progress: Progress, steps: int) -> None:
        advance(progress, steps)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "advance", interrupt)
    with pytest.raises(CommandError, match="Interrupted") as ended:
        jobs("delete", "--all", "--state", "dead", "--no-input")
    assert ended.value.returncode == 130
    assert broker.inspection.counts()[State.DEAD] == 1


def test_a_bulk_change_that_finds_nothing_fails(jobs: Jobs) -> None:
    tasks.greet.enqueue()
    with pytest.raises(CommandError, match=r"^No dead jobs match, so none was retried\.$"):
        jobs("retry", "--all", "--state", "dead", "--no-input")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            (),
            "Give the IDs of jobs, or --all with a --state: dead, discarded, retrying, scheduled.",
        ),
        (("--all",), "--all needs a --state: dead, discarded, retrying, scheduled."),
        (("--state", "dead"), "Add --all to retry all jobs that match."),
        (("--task", "greet"), "Add --all to retry all jobs that match."),
        (("x", "--all"), "Give either IDs or --all with filters, not both."),
        (("x", "--queue", "low"), "Give either IDs or --all with filters, not both."),
        (("--all", "--state", "running"), "invalid choice: 'running'"),
        (("--all", "--state", "dead", "--queue", "lwo"), "Unknown queue 'lwo'. Did you mean 'low'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    jobs: Jobs, arguments: tuple[str, ...], sentence: str
) -> None:
    dead(1)
    with pytest.raises(CommandError) as refused:
        jobs("retry", *arguments)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("delete", "--all", "--state", "dead"), "Delete all 2 dead jobs? [y/N] "),
        (
            ("delete", "--all", "--state", "dead", "--queue", "default", "--task", "fail"),
            "Delete those of the 2 dead jobs with queue default and task fail? [y/N] ",
        ),
        (("clear", "low"), "Delete the 1 job in queue low? [y/N] "),
    ],
)
def test_what_cannot_be_undone_is_asked_first(
    jobs: Jobs,
    terminal: Type,
    arguments: tuple[str, ...],
    question: str,
) -> None:
    dead(2)
    tasks.greet.using(queue_name="low").enqueue()
    terminal("n")
    with pytest.raises(CommandError, match=r"^Nothing was changed\.$"):
        jobs(*arguments)
    terminal("y")
    answer = jobs(*arguments)
    assert answer.err == question
    assert answer.out.startswith(("2 jobs deleted", "1 job in queue low deleted"))


def test_without_a_terminal_there_is_nobody_to_ask(
    jobs: Jobs, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead(1)
    with open(os.devnull, encoding="utf-8") as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        with pytest.raises(CommandError) as refused:
            jobs("delete", "--all", "--state", "dead")
    assert str(refused.value) == (
        "Delete the 1 dead job? There is no terminal to ask at: confirm with --no-input."
    )
    assert broker.inspection.counts()[State.DEAD] == 1


# --- queues -------------------------------------------------------------------------------------


def test_a_paused_queue_gives_nothing_until_it_is_resumed(jobs: Jobs, broker: Broker) -> None:
    tasks.greet.enqueue()
    assert jobs("pause", "default").out == (
        "Queue default is paused until manage.py jobs resume default.\n"
    )
    assert run_enqueued() == []
    assert jobs("resume", "default").out == "Queue default is resumed.\n"
    assert len(run_enqueued()) == 1


def test_pause_and_resume_answer_in_json(jobs: Jobs) -> None:
    tasks.greet.enqueue()
    assert jobs("pause", "low", "--json").json == {"queue": "low", "paused": True}
    assert jobs("resume", "low", "--json").json == {"queue": "low", "paused": False}


def test_clear_forgets_what_is_queued_in_one_queue(jobs: Jobs, broker: Broker) -> None:
    tasks.greet.using(queue_name="low").enqueue()
    kept = tasks.greet.using(queue_name="low", run_after=timedelta(hours=1)).enqueue()
    other = tasks.greet.enqueue()
    assert jobs("clear", "low", "--no-input", "--json").json == {"queue": "low", "cleared": 1}
    assert {job.id for job in enqueued_jobs()} == {kept.id, other.id}
    with pytest.raises(CommandError, match=r"^Queue low has no jobs to delete\. Scheduled and "):
        jobs("clear", "low", "--no-input")


def test_clear_forgets_what_waits_for_a_limit_and_says_what_stays(
    jobs: Jobs, broker: Broker
) -> None:
    broker.push([limited(name, JobLimit("mail", 1), queue="low") for name in "abc"])
    Driver(broker, "w1").take(3, "low")

    assert jobs("clear", "low", "--no-input").out == (
        "2 jobs in queue low deleted. Scheduled and retrying jobs stay, and those that wait for"
        " other jobs.\n"
    )


@pytest.mark.parametrize("action", ["pause", "resume", "clear"])
def test_a_queue_that_no_job_can_be_in_is_unknown(
    jobs: Jobs, backend: JobBackend, action: str
) -> None:
    tasks.greet.enqueue()
    with pytest.raises(CommandError, match=r"Unknown queue 'mailer'\. Did you mean 'mailers'"):
        jobs(action, "mailer")


def test_without_a_list_of_queues_any_name_is_one(
    jobs: Jobs, settings: Any, redis_url: str
) -> None:
    path = "django_jobs.backends.RedisBackend"
    options = {"url": redis_url}
    settings.TASKS = {"default": {"BACKEND": path, "QUEUES": [], "OPTIONS": options}}
    assert jobs("queues").out == "There are no queues yet: the first job creates one.\n"
    assert jobs("pause", "soon").out.startswith("Queue soon is paused")
    with pytest.raises(CommandError, match="QUEUE: the queue name 'so on' is not allowed"):
        jobs("pause", "so on")


def test_options_that_cannot_be_used_are_told(jobs: Jobs) -> None:
    with override_backend("redis", uri="redis://"), pytest.raises(CommandError) as refused:
        jobs("queues")
    assert "Unknown option 'uri'. Did you mean 'url'?" in str(refused.value)


# --- unique jobs ------------------------------------------------------------------------------


def locked_out(broker: Broker) -> str:
    """Return the id of a dead job whose lock another one holds, which is "holder"."""
    broker.push([make_job(id="old", lock=Lock("d1"))])
    worker = Driver(broker, "w1")
    worker.settle(dead_job(worker.take_one()))
    broker.push([make_job(id="holder", lock=Lock("d1", on_conflict=OnConflict.REPLACE))])
    return "old"


def test_a_job_whose_lock_is_taken_is_not_retried(jobs: Jobs, broker: Broker) -> None:
    with pytest.raises(
        CommandError, match="Job old was not retried: it is unique, and job holder holds its lock"
    ):
        jobs("retry", locked_out(broker))


@pytest.mark.parametrize("verb", ["retry", "cancel", "delete"])
def test_the_id_of_a_merged_call_is_no_job(jobs: Jobs, broker: Broker, verb: str) -> None:
    locked_out(broker)
    broker.push([make_job(id="merged", lock=Lock("d1"))])

    with pytest.raises(CommandError, match="merged is no job: its call was merged with job holder"):
        jobs(verb, "merged")
    assert broker.inspection.find("holder")


def test_the_id_of_a_merged_call_moves_nothing(jobs: Jobs, broker: Broker) -> None:
    locked_out(broker)
    broker.push([make_job(id="merged", lock=Lock("d1"))])

    with pytest.raises(CommandError, match="There is no job 'merged'"):
        jobs("move", "merged", "--to-queue", "low")
    record = broker.inspection.find("holder")
    assert record
    assert record.job.queue == "default"


def test_of_many_those_whose_locks_are_taken_are_counted_apart(jobs: Jobs, broker: Broker) -> None:
    dead(1)
    locked_out(broker)

    answer = jobs("retry", "--all", "--state", "dead", "--no-input")

    assert "1 job retried." in answer.out + answer.err
    assert "1 job not retried: other jobs hold their locks" in answer.out + answer.err


def test_if_all_locks_are_taken_the_command_says_so(jobs: Jobs, broker: Broker) -> None:
    locked_out(broker)

    answer = jobs("retry", "--all", "--state", "dead", "--no-input", "--json")

    assert answer.json == {"action": "retry", "changed": 0, "locked": 1, "refused": []}


def test_show_says_who_holds_the_lock(jobs: Jobs, broker: Broker) -> None:
    job_id = locked_out(broker)

    assert "held by job holder" in jobs("show", job_id).out
    assert "held by this job" in jobs("show", "holder").out
    shown = jobs("show", job_id, "--json").json
    assert shown["lock_holder"] == "holder"
    assert shown["unique"] == {
        "until": "end",
        "keep_for_ms": 0,
        "on_conflict": "return",
    }


def test_show_says_for_whose_end_a_successor_waits(jobs: Jobs, broker: Broker) -> None:
    locked_out(broker)
    Driver(broker, "w2").take_one()
    broker.push([make_job(id="next", lock=Lock("d1", on_conflict=OnConflict.REPLACE))])

    assert "for the end of job holder" in jobs("show", "next").out
