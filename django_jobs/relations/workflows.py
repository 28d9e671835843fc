"""Workflows: jobs that start when others have ended, and get their results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, ClassVar, Self

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, AnyTask
from django_jobs.errors import InvalidWorkflow, WorkflowNotFound
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.progress import RunningAttempt
from django_jobs.jobs.workflows import Edge, EdgeKind
from django_jobs.serialization.room import Room
from django_jobs.validation.validators import short_repr

from .adding import AddsNodes
from .batch_backends import check_task, workflows_of
from .job_group import JobGroup
from .node_arguments import with_references
from .nodes import Node, NodeEnd

_noting = Lock()
"""Held to note what an attempt has added, which several of its threads may do."""


class Workflow(JobGroup, AddsNodes):
    """Jobs that start when others have ended, and get their results as arguments.

    It is stored as a whole or not at all; inside a transaction it waits for the commit. While one
    of its jobs runs, that job adds others by `Workflow.get(…)`, `add` and `enqueue`.

    Args:
        name: for the dashboard, 200 characters at most.
        metadata: a dict of JSON values, to find in `Workflow.get`.
        backend: alias in `TASKS`; all its tasks must belong to it.

    Raises:
        ImproperlyConfigured: the name is no text or too long, or the backend has no workflows.
        UnusableMetadata: a value is not a JSON value, or the metadata is too large.
    """

    _is_workflow: ClassVar[bool] = True

    def __init__(
        self,
        name: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        backend: str = DEFAULT_TASK_BACKEND_ALIAS,
    ) -> None:
        super().__init__(name, metadata, backend)
        self._workflows = workflows_of(backend)
        self._nodes: dict[Node[Any], None] = {}
        self._is_enqueued = False

    @classmethod
    def get(cls, workflow_id: str, *, backend: str = DEFAULT_TASK_BACKEND_ALIAS) -> Self:
        """Return a workflow that any process may have enqueued.

        Raises:
            WorkflowNotFound: it is unknown, waits for a commit, or is no longer kept.
        """
        workflow = cls(backend=backend)
        workflow._is_enqueued = True
        workflow._read_as(workflow_id)
        return workflow

    @classmethod
    def _not_found(cls, group_id: str, alias: str) -> WorkflowNotFound:
        return WorkflowNotFound(group_id, alias)

    def _add(
        self, task: Any, args: Sequence[Any], kwargs: Mapping[str, Any], after: Any
    ) -> Node[Any]:
        self._adder("add()")
        known = self._checked(task)
        found: dict[str, Node[Any]] = {}
        room = Room()
        args = tuple(with_references(value, found, room) for value in args)
        kwargs = {name: with_references(value, found, room) for name, value in kwargs.items()}
        needed = [Edge(EdgeKind.SUCCESS, node.id) for node in map(self._own, found.values())]
        edges = dict.fromkeys([*needed, *self._edges_of(after)])
        job = self._workflows.build(self.id, known, args, kwargs)
        node: Node[Any] = Node(self, known, job, tuple(edges))
        self._nodes[node] = None
        return node

    def enqueue(self) -> list[Any]:
        """Store all nodes, and let those start that need no other one.

        Nodes that a running job adds start when its attempt has succeeded.

        Returns:
            A result for each node, in the order in which they were added.

        Raises:
            InvalidWorkflow: it has no nodes, or is enqueued already and none of its running jobs
                calls this.
            WorkflowNotStored: the workflow of the running job was cancelled.
            QueueFull, BrokerError: nothing is stored, as far as can be known. The call may be
                repeated, but not by a running job.
        """
        adder = self._adder("enqueue()")
        if not self._nodes:
            raise InvalidWorkflow("The workflow has no jobs: call add() before enqueue().")
        nodes = [(node.task, node.job, node.edges) for node in self._nodes]
        if adder is not None:
            results = self._workflows.grow(nodes, adder.membership)
            with _noting:
                adder.added |= {node.id for node in self._nodes}
        else:
            results = self._workflows.enqueue(self._as_new(), nodes)
        self._is_enqueued = True
        self._nodes.clear()
        return results

    def _as_new(self) -> NewBatch:
        return NewBatch(id=self.id, name=self._name, metadata=self._metadata, is_workflow=True)

    async def aenqueue(self) -> list[Any]:
        """Store all nodes; see `enqueue`."""
        return await sync_to_async(self.enqueue)()

    # --- what is refused -----------------------------------------------------------------------

    def _adder(self, call: str) -> RunningAttempt | None:
        """Return the attempt that adds nodes, None before it is enqueued; or refuse that."""
        if not self._is_enqueued:
            return None
        adder = self._running_member()
        if adder is None:
            raise InvalidWorkflow(
                f"{call} of the workflow {self.id}: it is enqueued already. Make a new Workflow, or"
                " call this in a running job of this one."
            )
        return adder

    def _checked(self, task: object) -> AnyTask:
        known = check_task("Workflow.add", task, self.backend, "workflow")
        if getattr(known, "unique", None) is not None:
            raise ImproperlyConfigured(
                f"Workflow.add: {known.module_path} has unique=…, which a job of a workflow cannot"
                " have: it could be merged with one outside of it. Use task.using(unique=None)."
            )
        return known

    def _own(self, node: Node[Any]) -> Node[Any]:
        if node.workflow is not self:
            raise InvalidWorkflow(
                f"Workflow.add: the job {node.id} of {node.task.module_path} belongs to another"
                " workflow. Add it to this one, or read its result there."
            )
        if node not in self._nodes:
            raise InvalidWorkflow(
                f"Workflow.add: the job {node.id} of {node.task.module_path} is enqueued already."
                " A job that is added later can need only those of the same enqueue()."
            )
        return node

    def _edges_of(self, after: object) -> list[Edge]:
        items = [after] if isinstance(after, Node | NodeEnd) else after
        if isinstance(items, str | bytes) or not isinstance(items, Iterable):
            raise InvalidWorkflow(
                f"Workflow.add: after={short_repr(after)}: give a list of nodes."
                " A parameter of the task that has this name is given by its position."
            )
        return [self._edge_of(item) for item in items]

    def _edge_of(self, item: object) -> Edge:
        match item:
            case Node():
                return Edge(EdgeKind.SUCCESS, self._own(item).id)
            case NodeEnd():
                return Edge(EdgeKind.END, self._own(item.node).id)
        raise InvalidWorkflow(
            f"Workflow.add: after holds {short_repr(item)}: give what add() returned, or the .ended"
            " of that."
        )
