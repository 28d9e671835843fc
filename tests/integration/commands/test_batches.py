"""`manage.py jobs batches`: what it shows of batches, and what it does to them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management.base import CommandError

from django_jobs import Batch
from django_jobs.backends import JobBackend
from django_jobs.brokers.base import Broker
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Lock, State
from django_jobs.tasks.redaction.names import MASK
from django_jobs.testing import run_enqueued
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs, Process
from tests.support.builders import dead, make_job, make_jobs
from tests.support.driver import Driver

pytestmark = pytest.mark.usefixtures("backend")


def three_ends() -> str:
    """Run a batch whose members end in three ways; return its id."""
    with Batch(name="import", metadata={"file": "a.csv"}) as batch:
        batch.enqueue(tasks.greet)
        batch.enqueue(tasks.fail)
        batch.enqueue(tasks.refuse)
    run_enqueued(raise_errors=False)
    return batch.id


def state_of(batch_id: str) -> BatchState:
    return Batch.get(batch_id).state


# --- the list -----------------------------------------------------------------------------------


def test_the_newest_batch_is_listed_first(jobs: Jobs) -> None:
    first = three_ends()
    with Batch() as second:
        second.enqueue(tasks.greet)

    head, *rows = jobs("batches").rows

    assert head == ["Batch", "Name", "State", "Members", "Open", "Succeeded", "Dead", "Discarded"]
    assert sorted(rows) == sorted(
        [
            [second.id, "–", "running", "1", "1", "0", "0", "0"],
            [first, "import", "failed", "3", "0", "1", "1", "1"],
        ]
    )


def test_without_batches_it_says_so(jobs: Jobs, broker: Broker) -> None:
    broker.push([make_job()])  # a process without jobs is refused

    assert jobs("batches").out.strip() == "There are no batches."
    assert jobs("batches", "--json").json == []


def test_of_many_the_newest_are_listed(jobs: Jobs, broker: Broker) -> None:
    broker.push([make_job()])
    for number in range(51):
        broker.batches.open(NewBatch(id=f"b{number}"))

    assert len(jobs("batches").rows) == 51
    assert "These are the newest 50 of 51 batches." in jobs("batches").out


def test_names_cannot_control_the_terminal(jobs: Jobs) -> None:
    with Batch(name="a\x1b[31m") as batch:
        batch.enqueue(tasks.greet)

    for answer in (jobs("batches"), jobs("batches", batch.id)):
        assert "\x1b" not in answer.out


# --- one batch ----------------------------------------------------------------------------------


def test_a_batch_is_shown_with_all_that_is_known(jobs: Jobs) -> None:
    batch_id = three_ends()

    shown = dict(row[:2] for row in jobs("batches", batch_id).rows)

    assert shown["Batch"] == batch_id
    assert (shown["Name"], shown["State"]) == ("import", "failed")
    assert shown["Members"] == "3: 0 open, 1 succeeded"
    assert shown["Not succeeded"] == "1 dead, 1 discarded"
    assert {"Opened", "Ended"} <= set(shown)
    assert shown["Metadata"] == '{"file":"a.csv"}'
    assert "Cancelled" not in shown


def test_callbacks_are_shown_with_whether_they_were_started(jobs: Jobs, broker: Broker) -> None:
    callbacks = {event: make_job(id=f"at-{event}") for event in (BatchEvent.END, BatchEvent.DEATH)}
    broker.batches.open(NewBatch(id="b1", callbacks=callbacks))
    broker.batches.close("b1")

    shown = dict(row[:2] for row in jobs("batches", "b1").rows)

    assert shown["On end"] == "job at-end, started"
    assert shown["On death"] == "job at-death"


def test_secrets_are_hidden(jobs: Jobs) -> None:
    with Batch(metadata={"file": "a.csv", "password": "sesame"}) as batch:
        batch.enqueue(tasks.greet)

    assert MASK in jobs("batches", batch.id).out
    assert "sesame" not in jobs("batches", batch.id).out
    [listed] = jobs("batches", "--json").json
    for answer in (listed, jobs("batches", batch.id, "--json").json):
        assert answer["metadata"] == {"file": "a.csv", "password": MASK}


def test_a_batch_as_json(jobs: Jobs) -> None:
    batch_id = three_ends()

    answer: Any = jobs("batches", batch_id, "--json").json

    assert answer | {"opened_at": None, "ended_at": None} == {
        "id": batch_id,
        "name": "import",
        "state": "failed",
        "total": 3,
        "open": 0,
        "succeeded": 1,
        "dead": 1,
        "discarded": 1,
        "opened_at": None,
        "ended_at": None,
        "cancelled": False,
        "abandoned": False,
        "callbacks": {},
        "happened": ["death", "end"],
        "metadata": {"file": "a.csv"},
    }
    assert [answer] == jobs("batches", "--json").json


def test_an_unknown_batch_is_an_error(jobs: Jobs, broker: Broker) -> None:
    broker.push([make_job()])
    for change in ([], ["--cancel"], ["--retry-dead"], ["--json"]):
        with pytest.raises(CommandError, match="There is no batch 'nope', or it is no longer kept"):
            jobs("batches", "nope", *change)


# --- changes ------------------------------------------------------------------------------------


def test_a_batch_is_cancelled(jobs: Jobs, broker: Broker) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.greet)

    assert (
        "Its members are discarded when their turn comes."
        in jobs("batches", batch.id, "--cancel").out
    )
    assert dict(row[:2] for row in jobs("batches", batch.id).rows)["Cancelled"].startswith("yes")
    with pytest.raises(CommandError, match="has ended, or was cancelled before"):
        jobs("batches", batch.id, "--cancel")

    run_enqueued()
    assert broker.inspection.counts()[State.DISCARDED] == 1
    assert state_of(batch.id) is BatchState.FAILED


def test_a_cancellation_as_json(jobs: Jobs) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.greet)

    for cancelled in (True, False):
        answer = jobs("batches", batch.id, "--cancel", "--json").json
        assert answer == {"batch": batch.id, "cancelled": cancelled}


def test_dead_members_are_retried(jobs: Jobs) -> None:
    batch_id = three_ends()

    assert "1 dead job queued again." in jobs("batches", batch_id, "--retry-dead").out
    assert state_of(batch_id) is BatchState.RUNNING
    answer = jobs("batches", batch_id, "--retry-dead", "--json").json
    assert answer == {"batch": batch_id, "retried": 0, "locked": 0}


def test_dead_members_of_a_cancelled_batch_are_not_retried(jobs: Jobs, broker: Broker) -> None:
    worker = Driver(broker)
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.add(make_jobs(2, batch="b1"), Membership("b1"))
    worker.settle(dead(worker.take_one()))
    broker.batches.cancel("b1")

    with pytest.raises(CommandError, match="b1 was cancelled, so its dead jobs cannot be retried"):
        jobs("batches", "b1", "--retry-dead")


def test_a_dead_member_of_a_cancelled_batch_is_not_retried_by_its_id(
    jobs: Jobs, broker: Broker
) -> None:
    worker = Driver(broker)
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.add([make_job(id="a", batch="b1")], Membership("b1"))
    worker.settle(dead(worker.take_one()))
    broker.batches.cancel("b1")

    with pytest.raises(CommandError, match="Job a was not retried: b1 was cancelled, so it would"):
        jobs("retry", "a")
    answer = jobs("retry", "--all", "--state", "dead", "--no-input")
    assert "1 job not retried: other jobs hold their locks, jobs" in answer.out + answer.err


def test_members_whose_locks_are_taken_are_counted_apart(jobs: Jobs, broker: Broker) -> None:
    worker = Driver(broker)
    broker.batches.open(NewBatch(id="b1"))
    broker.batches.add([make_job(lock=Lock("d1"), batch="b1")], Membership("b1"))
    worker.settle(dead(worker.take_one()))
    broker.push([make_job(lock=Lock("d1"))])

    out = jobs("batches", "b1", "--retry-dead").out

    assert "0 dead jobs queued again." in out
    assert "1 unique job not retried, as other jobs hold their locks." in out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--cancel"], "Give the ID of a batch."),
        (["--retry-dead"], "Give the ID of a batch."),
        (["b1", "--cancel", "--watch"], "--watch only shows batches."),
        (["b1", "--cancel", "--retry-dead"], "not allowed with"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(
    jobs: Jobs, arguments: list[str], problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        jobs("batches", *arguments)


def test_members_are_listed_by_their_batch(jobs: Jobs) -> None:
    batch_id = three_ends()
    tasks.greet.enqueue()

    assert len(jobs("list", "--batch", batch_id, "--json").json) == 3
    [row] = jobs("list", "--batch", batch_id, "--state", "dead", "--json").json
    assert row["task"].endswith("fail")


def test_all_dead_members_are_deleted_by_their_batch(jobs: Jobs) -> None:
    batch_id = three_ends()
    tasks.fail.enqueue()
    run_enqueued(raise_errors=False)

    out = jobs("delete", "--all", "--state", "dead", "--batch", batch_id, "--no-input").out

    assert "1 job deleted." in out
    assert jobs("stats", "--json").json["states"]["dead"] == 1


def test_batches_in_the_memory_of_another_process_are_refused(manage: Process) -> None:
    answer = manage("jobs", "batches", JOB_BACKEND="async")

    assert answer.returncode == 1
    assert "its jobs are in the memory of the process that enqueued them" in answer.stderr


def test_waiting_jobs_say_what_for(jobs: Jobs, backend: JobBackend) -> None:
    with Batch(on_end=tasks.greet) as batch:
        batch.enqueue(tasks.greet)
    [callback] = jobs("list", "--state", "waiting", "--json").json
    [member] = jobs("list", "--state", "queued", "--json").json

    assert f"for the end of batch {batch.id}" in jobs("show", callback["id"]).out
    awaited = jobs("show", callback["id"], "--json").json["waits_for"]
    assert awaited == {"batch": batch.id, "event": "end"}
    assert dict(row[:2] for row in jobs("show", member["id"]).rows)["Batch"] == batch.id
