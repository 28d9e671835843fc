"""A small site in Redis with something of everything, and what everybody does with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis

from django_jobs.brokers.messages import JobProgress, WorkerCommand
from django_jobs.brokers.redis import RedisBroker
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Job, State
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import Span
from django_jobs.metrics.task_stats import TaskStats
from tests.support.builders import dead, given_back, make_job, make_jobs, retrying, succeeded
from tests.support.clock import Clock
from tests.support.driver import Driver, claim_tick, one_in_each_state, past_lease

PREFIX = "{jobs}:"
BATCH, FLOW = "b1", "flow"


@dataclass(frozen=True)
class SmallSite:
    """A broker with a job in each state, two workers, a tick, and a paused queue.

    Attributes:
        jobs: the id of a job in each state.
    """

    broker: RedisBroker
    client: redis.Redis
    clock: Clock
    worker: Driver
    other: Driver
    jobs: dict[State, str]

    @classmethod
    def build(cls, broker: RedisBroker, client: redis.Redis, clock: Clock) -> SmallSite:
        worker, other = Driver(broker, "w1"), Driver(broker, "w2")
        jobs = one_in_each_state(broker, worker, clock)
        running = (("some-id", clock.now()),)
        worker.heartbeat(running=running, **report(jobs[State.RUNNING]))
        other.heartbeat()
        broker.push([make_job(queue="halted")])
        open_batch(broker, worker)
        store_workflows(broker, worker)
        broker.inspection.pause("halted")
        broker.inspection.command_worker("w1", WorkerCommand.QUIET)
        claim_tick(broker, "nightly", None, clock.now(), None)
        return cls(broker, client, clock, worker, other, jobs)

    def use_everything(self) -> None:
        """Do all that workers, the site and operators do; none of it may fail."""
        self.look()
        self.worker.heartbeat(**report(self.jobs[State.RUNNING]))
        self.work(self.worker)
        self.clock.advance(120_000)  # what is scheduled or retrying is due
        self.work(self.other)
        claim_tick(self.broker, "nightly", self.broker.ticks().get("nightly"), 5, make_job())
        self.clock.advance(past_lease(self.broker))
        for _ in range(2):  # the first of them may doubt that the other one vanished
            self.other.heartbeat(succeeded=1, failed=1)
            self.clock.advance(past_lease(self.broker))
        self.worker.close()
        self.look()

    def work(self, worker: Driver) -> None:
        claims = worker.take(3)
        ends = [succeeded, retrying, given_back]
        worker.settle(*(end(claim) for end, claim in zip(ends, claims, strict=False)))

    def look(self) -> None:
        """Ask for all that can be seen."""
        inspection = self.broker.inspection
        inspection.counts()
        inspection.totals()
        inspection.queues()
        inspection.workers()
        self.broker.ticks()
        for span in Span:
            inspection.metrics.history(span)
            inspection.metrics.tasks(span)
            inspection.metrics.failing(span)
        inspection.metrics.counters()
        self.broker.batches.find(BATCH)
        self.broker.batches.list(limit=10)
        self.broker.batches.count()
        self.broker.batches.count_unfinished()
        self.broker.batches.dead_members(BATCH, 10)
        self.broker.batches.list(workflows=True)
        self.broker.batches.count_unfinished(workflows=True)
        self.broker.batches.nodes(FLOW)
        self.broker.batches.neighbours(FLOW, 10)
        inspection.limits.all()
        for state in State:
            inspection.jobs(state)
            inspection.jobs(state, queue="default")
        for job_id in self.jobs.values():
            inspection.find(job_id)

    def run_a_good_job(self) -> None:
        """Enqueue a sound job, which some worker must come to and end."""
        good = make_job(priority=100)
        worker = Driver(self.broker, "w3")
        self.broker.push([good])
        claim = next(it for it in worker.take(20) if it.job.id == good.id)
        assert worker.settle(succeeded(claim)).refused == ()
        assert self.state_of(good) is State.SUCCEEDED

    def state_of(self, job: Job) -> State:
        record = self.broker.inspection.find(job.id)
        assert record is not None
        return record.state

    def key_names(self) -> list[str]:
        """All keys of the namespace, in an order that is the same for each site."""
        return sorted(key.decode() for key in self.client.scan_iter(match=f"{PREFIX}*"))


def open_batch(broker: RedisBroker, worker: Driver) -> None:
    """Open a batch that waits for a member after the death of another."""
    callbacks = {event: make_job(queue="halted") for event in BatchEvent}
    broker.batches.open(NewBatch(id=BATCH, callbacks=callbacks))
    members = make_jobs(2, queue="members", batch=BATCH)
    broker.batches.add(members, Membership(BATCH))
    (claim,) = worker.take(1, "members")
    worker.settle(dead(claim))


def store_workflows(broker: RedisBroker, worker: Driver) -> None:
    """Store a workflow whose second node waits for the first, and one that has failed."""
    for workflow, names in (("failed", "n3 n4"), (FLOW, "n1 n2")):
        first, second = (make_job(id=n, queue="nodes", batch=workflow) for n in names.split())
        edges = (Edge(EdgeKind.SUCCESS, first.id),)
        broker.batches.open(NewBatch(id=workflow, is_workflow=True))
        broker.batches.add_nodes(workflow, [NewNode(first), NewNode(second, edges)])
        broker.batches.close(workflow)
        if workflow != FLOW:
            worker.settle(dead(worker.take_one("nodes")))


def corrupt(client: redis.Redis, key: str, fields: dict[str, bytes | None]) -> None:
    """Write fields of a hash as somebody else may; None takes one away."""
    for field, value in fields.items():
        if value is None:
            client.hdel(key, field)
        else:
            client.hset(key, field, value)


def report(job_id: str) -> dict[str, Any]:
    """Two attempts of a task, and how far a job is that the first call claimed."""
    progress = JobProgress(job_id=job_id, token=1, tag=1, progress=Progress(1, 2, "half"))
    times = Histogram((2, *[0] * len(BOUNDS)), 2)
    sample = TaskStats(
        task="shop.tasks.ship",
        queue="default",
        succeeded=1,
        failed=1,
        errors=(("builtins.OSError", 1),),
        latency=times,
        duration=times,
    )
    return {"succeeded": 1, "failed": 1, "samples": [sample], "progress": [progress]}
