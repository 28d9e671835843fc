"""Something of everything, for tests that look at whole pages."""

from __future__ import annotations

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.support.builders import dead, limited, make_job, make_jobs, retrying, succeeded
from tests.support.driver import Driver


def fill(backend: JobBackend) -> None:
    """Bring something of everything onto the pages."""
    worker, quiet = Driver(backend.broker, "w1"), Driver(backend.broker, "w2")
    backend.broker.push([*make_jobs(2), make_job(id="one"), *make_jobs(5)])
    backend.broker.push(make_jobs(3, queue="low"))
    good, again, bad, running = worker.take(4)
    worker.settle(succeeded(good), retrying(again, delay=60_000), dead(bad))
    started = worker.info().started_at
    worker.heartbeat(
        running=((running.job.id, started),), stuck=(running.job.id,), memory=9**9, said_at=started
    )
    quiet.heartbeat(quiet=True, queues=("default",))
    fill_batches(backend, worker)
    fill_workflows(backend, worker)
    backend.broker.inspection.pause("low")
    mail, api = JobLimit("mail server", 2, value="7"), JobLimit("api", 1, 3_600_000)
    backend.broker.push([limited(f"mail {number}", mail, queue="mailers") for number in range(4)])
    backend.broker.push([limited(f"api {number}", api, queue="mailers") for number in range(2)])
    worker.take(6, "mailers")
    backend.broker.inspection.limits.set_number(mail.id, 1_200)
    backend.broker.inspection.limits.pause_key(mail.id, "8")
    backend.broker.inspection.switch_off("accounts.tasks.finish_leaving")


def fill_batches(backend: JobBackend, worker: Driver) -> None:
    """Open a batch that fails, with everything that its page can show, and others."""
    batches = backend.broker.batches
    callbacks = {event: make_job(id=f"b1-{event}", queue="mailers") for event in BatchEvent}
    metadata = '{"file":"posts.csv","password":"sesame"}'
    batches.open(NewBatch(id="b1", name="import", metadata=metadata, callbacks=callbacks))
    batches.add(make_jobs(5, queue="critical", batch="b1"), Membership("b1"))
    bad, good = worker.take(2, "critical")
    worker.settle(dead(bad), succeeded(good))
    batches.cancel("b1")
    batches.open(NewBatch(id="b2"))
    batches.open(NewBatch(id="b3", name="empty"))
    batches.close("b3")


def fill_workflows(backend: JobBackend, worker: Driver) -> None:
    """Store a workflow of which a job has failed, with everything that its page can show."""
    names = ("first", "good", "bad", "needs", "after")
    first, good, bad, needs, after = (
        make_job(id=f"f1-{name}", queue="critical", priority=50, batch="f1") for name in names
    )
    nodes = [
        NewNode(first),
        NewNode(good, (Edge(EdgeKind.SUCCESS, first.id),)),
        NewNode(bad, (Edge(EdgeKind.SUCCESS, first.id),)),
        NewNode(needs, tuple(Edge(EdgeKind.SUCCESS, one.id) for one in (good, bad))),
        NewNode(after, (Edge(EdgeKind.END, good.id), Edge(EdgeKind.END, needs.id))),
    ]
    batches = backend.broker.batches
    batches.open(NewBatch(id="f1", name="order", metadata='{"order":7}', is_workflow=True))
    batches.add_nodes("f1", nodes)
    batches.close("f1")
    worker.settle(succeeded(worker.take_one("critical")))
    claims = {claim.job.id: claim for claim in worker.take(2, "critical")}
    worker.settle(dead(claims[bad.id]))
