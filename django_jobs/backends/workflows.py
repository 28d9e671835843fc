"""Builds the nodes of workflows, and stores workflows now or after the commit."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django_jobs.brokers.batches import Batches
from django_jobs.clock import now_ms
from django_jobs.compat import AnyTask
from django_jobs.errors import JobsError
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.result import AnyJobResult, enqueued_results
from django_jobs.jobs.workflows import Edge, NewNode

from .on_commit import open_transactions, run_after_all_commits

if TYPE_CHECKING:
    from .base import JobBackend

logger = logging.getLogger("django_jobs")


class BackendWorkflows:
    """What `django_jobs.Workflow` asks of a backend.

    Storing follows the backend's `enqueue_on_commit`, whatever the tasks say.

    Args:
        backend: whose broker keeps the workflows.
    """

    def __init__(self, backend: JobBackend) -> None:
        self._backend = backend

    def build(
        self, workflow_id: str, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Job:
        """Return a new job that is a node of a workflow.

        Raises:
            Exception: as of `enqueue`: the task or its arguments cannot be enqueued.
        """
        return self._backend.build_checked(task, [(args, kwargs)], batch=workflow_id)[0]

    def enqueue(
        self,
        workflow: NewBatch,
        nodes: Sequence[tuple[AnyTask, Job, tuple[Edge, ...]]],
    ) -> list[AnyJobResult]:
        """Store a workflow and let it start; return a result for each node."""
        stored, results = self._to_store(nodes)
        store_them = partial(store_whole, self._backend.broker.batches, workflow, stored)
        store = partial(self._backend.store_nodes, stored, results, store_them)
        alias = self._backend.alias
        waits = self._backend.configuration.enqueue_on_commit
        opened = open_transactions() if waits else ()
        give_up = partial(_log_given_up, workflow.id, len(nodes), alias)
        run_after_all_commits(opened, store, give_up, alias)
        return results

    def grow(
        self, nodes: Sequence[tuple[AnyTask, Job, tuple[Edge, ...]]], membership: Membership
    ) -> list[AnyJobResult]:
        """Store nodes that a running node adds to its workflow; return a result for each.

        They are stored at once: none starts before the attempt has succeeded.
        """
        stored, results = self._to_store(nodes)
        store = partial(self._backend.broker.batches.grow, stored, membership)
        self._backend.store_nodes(stored, results, store)
        return results

    def _to_store(
        self, nodes: Sequence[tuple[AnyTask, Job, tuple[Edge, ...]]]
    ) -> tuple[list[NewNode], list[AnyJobResult]]:
        now, alias = now_ms(), self._backend.alias
        stored = [NewNode(job._replace(enqueued_at=now), edges) for _, job, edges in nodes]
        tasks = [task for task, _, _ in nodes]
        results = [
            enqueued_results(task, [node.job], alias)[0]
            for task, node in zip(tasks, stored, strict=True)
        ]
        return stored, results


def store_whole(batches: Batches, workflow: NewBatch, nodes: Sequence[NewNode]) -> None:
    """Store a workflow with its nodes, and let it start."""
    batches.open(workflow)
    batches.add_nodes(workflow.id, nodes)
    batches.close(workflow.id)


def _log_given_up(workflow_id: str, number: int, alias: str, error: Exception) -> None:
    logger.error(
        "The transaction is committed, but the workflow %s of %s jobs could not be enqueued"
        " (TASKS[%r]). %s",
        *(workflow_id, number, alias, error),
        exc_info=None if isinstance(error, JobsError) else error,
        extra={"backend": alias},
    )
