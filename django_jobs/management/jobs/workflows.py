"""`jobs workflows`: lists workflows, shows one, cancels it, or retries its dead jobs."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.batches import BatchRecord, BatchState
from django_jobs.jobs.workflows import EdgeKind, NodeRecord
from django_jobs.management.formatting import NONE

from .console import Console
from .job_groups import LISTED, JobGroups
from .json_output import batch_json, node_json

NODES_IN_JSON = 1_000
"""How many jobs of a workflow the JSON has, the first ones."""

NEEDS_SHOWN = 3
"""Of how many jobs that a job needs the table has the IDs."""


class Workflows(JobGroups):
    name = "workflows"
    help = "Lists workflows with their counts, newest first, or shows, cancels or retries one."
    noun, nouns, members = "workflow", "workflows", "jobs"
    is_workflow = True

    def show(
        self, backend: JobBackend, record: BatchRecord, console: Console, options: Namespace
    ) -> None:
        """Show a workflow with its first jobs."""
        if options.json:
            nodes = _first(backend, record.id, NODES_IN_JSON)
            console.show_json({**batch_json(record), "jobs": [node_json(one) for one in nodes]})
            return
        self.show_facts(record, console)
        nodes = _first(backend, record.id, LISTED)
        console.out.write("")
        console.show_table(
            ("Job", "Task", "State", "Needs"),
            [(one.id, one.task or NONE, _state(one), _needs(one)) for one in nodes],
        )
        if record.counts.total > len(nodes):
            console.info(f"\nThese are the first {len(nodes)} of {record.counts.total:,} jobs.")
        if record.state is BatchState.SUCCEEDED and any(one.state is None for one in nodes):
            console.info(
                "\nAfter a workflow has succeeded, each of its jobs is kept for its result_ttl."
            )


def _first(backend: JobBackend, workflow_id: str, most: int) -> Sequence[NodeRecord]:
    """Return the first nodes of a workflow."""
    return [*_portions(backend, workflow_id, most)]


def _portions(backend: JobBackend, workflow_id: str, most: int) -> Iterator[NodeRecord]:
    read = 0
    while read < most:
        limit = min(LISTED, most - read)
        portion = backend.broker.batches.nodes(workflow_id, offset=read, limit=limit)
        if not portion:
            return
        yield from portion
        read += len(portion)


def _state(node: NodeRecord) -> str:
    return node.state.value if node.state else "no longer kept"


def _needs(node: NodeRecord) -> str:
    if not node.needs:
        return NONE
    shown = [
        f"end of {edge.source}" if edge.kind is EdgeKind.END else edge.source
        for edge in node.needs[:NEEDS_SHOWN]
    ]
    more = len(node.needs) - len(shown)
    return ", ".join([*shown, f"{more:,} more"] if more else shown)
