"""`manage.py jobs workflows`: what it shows of workflows, and what it does to them."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError

from django_jobs import Batch, Workflow
from django_jobs.brokers.base import Broker
from django_jobs.jobs.batches import BatchCounts
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import State
from django_jobs.jobs.workflows import NewNode
from django_jobs.testing import run_enqueued
from tests.apps.command_site import tasks
from tests.integration.commands.helpers import Jobs
from tests.support.builders import make_job, succeeded
from tests.support.driver import Driver

pytestmark = pytest.mark.usefixtures("backend")


def failed() -> str:
    """Run a workflow whose first job fails; return its id."""
    flow = Workflow("order", metadata={"order": 7})
    flow.add(tasks.greet, after=flow.add(tasks.fail))
    flow.enqueue()
    run_enqueued(raise_errors=False)
    return flow.id


def test_the_newest_workflow_is_listed_first(jobs: Jobs) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.greet)
    flow = failed()

    head, *rows = jobs("workflows").rows

    assert head == ["Workflow", "Name", "State", "Jobs", "Open", "Succeeded", "Dead", "Discarded"]
    assert rows == [[flow, "order", "failed", "2", "0", "0", "1", "1"]]
    assert flow not in jobs("batches").out


def test_without_workflows_it_says_so(jobs: Jobs, broker: Broker) -> None:
    broker.push([make_job()])  # a process without jobs is refused

    assert jobs("workflows").out.strip() == "There are no workflows."


def test_one_is_shown(jobs: Jobs) -> None:
    flow = failed()

    assert '{"order":7}' in jobs("workflows", flow).out
    shown = jobs("workflows", flow, "--json").json
    assert (shown["id"], shown["discarded"], shown["metadata"]) == (flow, 1, {"order": 7})


def test_one_is_shown_with_its_jobs(jobs: Jobs) -> None:
    flow = failed()

    out = jobs("workflows", flow).out
    first, second = jobs("workflows", flow, "--json").json["jobs"]

    assert (first["task"], first["state"], first["needs"]) == (tasks.fail.module_path, "dead", [])
    assert (second["task"], second["state"]) == (tasks.greet.module_path, "discarded")
    assert second["needs"] == [{"id": first["id"], "event": "success"}]
    assert out.split("Needs")[1].split() == [
        *(first["id"], tasks.fail.module_path, "dead", "–"),
        *(second["id"], tasks.greet.module_path, "discarded", first["id"]),
    ]


def test_of_a_large_one_the_first_jobs_are_shown(jobs: Jobs) -> None:
    flow = Workflow()
    many = [flow.add(tasks.greet) for _ in range(60)]
    last = flow.add(tasks.greet, after=[one.ended for one in many])
    flow.enqueue()

    shown = jobs("workflows", flow.id)

    assert "These are the first 50 of 61 jobs." in shown.out + shown.err
    found = jobs("workflows", flow.id, "--json").json["jobs"]
    assert len(found) == 61
    assert (found[-1]["id"], len(found[-1]["needs"])) == (last.id, 60)
    assert found[-1]["needs"][0]["event"] == "end"


def test_a_job_is_shown_with_its_workflow_and_why_it_was_discarded(jobs: Jobs) -> None:
    flow = failed()
    first, second = jobs("workflows", flow, "--json").json["jobs"]

    out = jobs("show", second["id"]).out

    assert ["Workflow", flow] in [line.split() for line in out.splitlines()]
    assert f": It needs the success of the job {first['id']}, which has failed." in out
    assert "Attempt 0" not in out


def test_it_is_said_why_the_jobs_of_a_succeeded_workflow_are_gone(
    jobs: Jobs, broker: Broker
) -> None:
    flow = Workflow()
    node = flow.add(tasks.greet)
    flow.enqueue()
    run_enqueued()
    why = "After a workflow has succeeded, each of its jobs is kept for its result_ttl."
    assert why not in jobs("workflows", flow.id).out
    tasks.greet.enqueue()  # an empty store in memory is answered otherwise
    broker.inspection.delete(node.id)

    assert why in jobs("workflows", flow.id).out


def test_a_waiting_job_says_how_many_others_it_waits_for(jobs: Jobs, broker: Broker) -> None:
    flow = Workflow()
    last = flow.add(tasks.greet, after=[flow.add(tasks.greet), flow.add(tasks.greet)])
    flow.enqueue()

    assert f"for 2 other jobs of workflow {flow.id}" in jobs("show", last.id).out
    assert "waits for 2 other jobs" in jobs("list", "--state", "waiting").out
    awaited = jobs("show", last.id, "--json").json["waits_for"]
    assert awaited == {"workflow": flow.id, "jobs": 2}


def test_a_job_that_needs_a_failed_one_is_not_retried(jobs: Jobs, broker: Broker) -> None:
    failed()
    [discarded] = broker.inspection.jobs(State.DISCARDED)

    with pytest.raises(CommandError, match="was not retried: It needs the success of the job"):
        jobs("retry", discarded.job.id)
    answer = jobs("retry", "--all", "--state", "discarded", "--no-input")
    assert "1 job not retried: other jobs hold their locks, jobs" in answer.out + answer.err


def test_a_job_is_not_deleted_before_what_it_has_added_has_ended(
    jobs: Jobs, broker: Broker
) -> None:
    flow, worker = Workflow(), Driver(broker)
    first = flow.add(tasks.greet)
    flow.enqueue()
    claim = worker.take_one()
    added = NewNode(make_job(id="added"))
    broker.batches.grow([added], Membership(flow.id, first.id, claim.token))
    worker.settle(succeeded(claim))

    with pytest.raises(CommandError, match=r"was not deleted: it is added .* whole yet\."):
        jobs("delete", first.id)


def test_its_dead_jobs_are_retried(jobs: Jobs) -> None:
    flow = failed()

    assert jobs("workflows", flow, "--retry-dead").out.strip() == "1 dead job queued again."
    assert Workflow.get(flow).counts == BatchCounts(total=2, open=2)


def test_it_is_cancelled_once(jobs: Jobs) -> None:
    flow = Workflow()
    flow.add(tasks.greet)
    flow.enqueue()

    assert jobs("workflows", flow.id, "--cancel", "--json").json == {
        "workflow": flow.id,
        "cancelled": True,
    }
    with pytest.raises(CommandError, match="was cancelled before"):
        jobs("workflows", flow.id, "--cancel")


def test_a_batch_is_no_workflow(jobs: Jobs) -> None:
    with Batch() as batch:
        batch.enqueue(tasks.greet)

    with pytest.raises(CommandError, match="There is no workflow"):
        jobs("workflows", batch.id)
    with pytest.raises(CommandError, match="There is no batch"):
        jobs("batches", failed())


def test_a_job_that_a_running_one_adds_waits_for_that(jobs: Jobs, broker: Broker) -> None:
    flow = Workflow()
    first = flow.add(tasks.greet)
    flow.enqueue()
    claim = Driver(broker, "w1").take_one()
    added = NewNode(make_job(id="added", batch=flow.id))
    broker.batches.grow([added], Membership(flow.id, claim.job.id, claim.token))

    assert f"for the attempt of job {first.id}, which adds it" in jobs("show", "added").out
    assert jobs("show", "added", "--json").json["waits_for"] == {"attempt_of": first.id}
