"""The random commands that both brokers are given: workflows, and what becomes of their nodes."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from django_jobs.brokers.base import Broker
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.messages import QueueQuota
from django_jobs.errors import WorkflowNotStored
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import JobRecord, State
from django_jobs.jobs.workflows import Edge, EdgeKind, NewNode
from tests.robustness.stateful.batch_commands import BatchCommands
from tests.robustness.stateful.both_brokers import listing
from tests.robustness.stateful.endings import ENDS, End
from tests.robustness.stateful.operator_commands import QUEUES, WORKERS
from tests.support.builders import make_job

AT_ONCE = 6
"""Jobs that a worker takes in one call of `work_off`."""

WORKFLOWS = st.integers(0, 3).map("workflow{}".format)
KINDS = st.sampled_from(EdgeKind)
SHAPES = st.lists(st.lists(st.tuples(KINDS, st.integers(1, 4)), max_size=3), min_size=1, max_size=6)
"""For each node, the kinds of its edges, and how many nodes before it each begins."""


class WorkflowCommands(BatchCommands):
    """Workflows, at any time of the life of other jobs."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.edges: dict[str, tuple[Edge, ...]] = {}

    @rule(
        workflow=WORKFLOWS,
        shape=SHAPES,
        queue=QUEUES,
        kept=st.sampled_from([0, 3_000, 60_000]),
        is_whole=st.integers(0, 4).map(bool),
    )
    def store_workflow(
        self,
        workflow: str,
        shape: list[list[tuple[EdgeKind, int]]],
        queue: str,
        kept: int,
        is_whole: bool,
    ) -> None:
        is_known = self.same(lambda broker: broker.batches.find(workflow)) is not None
        nodes = self.nodes(workflow, shape, queue, kept)
        self.same(lambda broker: broker.batches.open(NewBatch(id=workflow, is_workflow=True)))
        if not is_known:
            self.same(partial(_stored, workflow=workflow, nodes=nodes))
            jobs = [node.job for node in nodes]
            self.known += [job.id for job in jobs]
            self.expected.stored_nodes(jobs)
            self.edges |= {node.job.id: node.edges for node in nodes}
        if is_whole:
            self.same(lambda broker: broker.batches.close(workflow))

    @rule(
        worker=WORKERS, shape=SHAPES, queue=QUEUES, is_late=st.integers(0, 4).map(lambda n: not n)
    )
    def grow_workflow(
        self, worker: str, shape: list[list[tuple[EdgeKind, int]]], queue: str, is_late: bool
    ) -> None:
        claims = self.expected.over if is_late else self.expected.holds(worker).values()
        for claim in [one for one in claims if one.job.id in self.expected.nodes][:1]:
            nodes = self.nodes(claim.job.batch, shape, queue, 60_000)
            adder = Membership(claim.job.batch, claim.job.id, claim.token)
            is_stored = self.same(partial(_grown, nodes=nodes, adder=adder))
            jobs = [node.job for node in nodes]
            self.known += [job.id for job in jobs]
            if is_stored:
                self.expected.added_nodes(jobs, claim.job.id)
                self.edges |= {node.job.id: node.edges for node in nodes}

    def nodes(
        self, workflow: str, shape: list[list[tuple[EdgeKind, int]]], queue: str, kept: int
    ) -> list[NewNode]:
        ids = [f"{len(self.known) + n:04d}" for n in range(len(shape))]
        return [
            NewNode(
                make_job(id=ids[n], queue=queue, batch=workflow, result_ttl=kept),
                tuple({Edge(kind, ids[n - back]): None for kind, back in edges if back <= n}),
            )
            for n, edges in enumerate(shape)
        ]

    @rule(workflow=WORKFLOWS, verb=st.sampled_from(["close", "cancel", "retry_dead", "retry_dead"]))
    def care_for_a_workflow(self, workflow: str, verb: str) -> None:
        self.care_for(workflow, verb)

    @rule(worker=WORKERS, ends=st.lists(ENDS, min_size=8, max_size=24))
    def work_off(self, worker: str, ends: list[End]) -> None:
        """Do what a worker does all day, so that something follows from the ends of nodes."""
        for first in range(0, len(ends), AT_ONCE):
            self.call(worker, [QueueQuota(queue, AT_ONCE) for queue in "ab"], AT_ONCE, [])
            held = [*self.expected.holds(worker).values()]
            pairs = zip(held, ends[first : first + AT_ONCE], strict=False)
            self.call(worker, [], 0, [self.end(*pair) for pair in pairs])

    @invariant()
    def each_node_waits_for_something_and_for_all_it_needs(self) -> None:
        by_id = self.records()
        unsealed = self.unsealed()
        for record in by_id.values():
            if record.job.batch not in unsealed:
                self.check_node(record, by_id)

    def check_node(self, record: JobRecord, by_id: dict[str, JobRecord]) -> None:
        sources = [(kind, by_id.get(source)) for kind, source in self.edges.get(record.job.id, ())]
        if record.state is State.WAITING and record.job.batch:
            assert any(source and self.is_open(source, by_id) for _, source in sources)
        # An id that was forgotten may be pushed again, as that of another job.
        if record.job.batch and not record.state.is_final and record.state is not State.WAITING:
            for kind, source in sources:
                if source and kind is EdgeKind.SUCCESS:
                    assert source.state is State.SUCCEEDED
                    assert not self.is_open(source, by_id)

    def is_left_alone(self, action: JobAction, job_id: str) -> bool:
        return (
            super().is_left_alone(action, job_id)
            or self.expected.present[job_id].batch in self.unsealed()
            or (action is JobAction.DELETE and self.waits_for_added(job_id, self.records()))
        )

    def unsealed(self) -> set[str]:
        return {one.id for one in self.brokers[0].batches.list(workflows=True) if one.is_open}

    def records(self) -> dict[str, JobRecord]:
        return {one.job.id: one for state in State for one in listing(self.brokers[0], state)}

    def is_open(self, record: JobRecord, by_id: dict[str, JobRecord]) -> bool:
        """Return whether a node has not ended, or one that it has added."""
        return not record.state.is_final or self.waits_for_added(record.job.id, by_id)

    def waits_for_added(self, job_id: str, by_id: dict[str, JobRecord]) -> bool:
        """Return whether a node has added others to the workflow that are not over."""
        joined = (one for one in self.expected.added_by(job_id) if one not in self.expected.pending)
        added = map(by_id.get, joined)
        return any(one and self.is_open(one, by_id) for one in added)


def _grown(broker: Broker, nodes: list[NewNode], adder: Membership) -> bool:
    try:
        broker.batches.grow(nodes, adder)
    except WorkflowNotStored:
        return False
    return True


def _stored(broker: Broker, workflow: str, nodes: list[NewNode]) -> bool:
    try:
        broker.batches.add_nodes(workflow, nodes)
    except WorkflowNotStored:
        return False
    return True
