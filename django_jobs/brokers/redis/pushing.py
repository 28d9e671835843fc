"""How jobs are stored in Redis, in portions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django_jobs.errors import BatchEnded, DuplicateJob, InvalidWorkflow, WorkflowNotStored
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, JobRecord
from django_jobs.jobs.workflows import NewNode

from . import codec
from .caller import Caller
from .portions import to_portions
from .senders import Sender, Senders
from .workflow_calls import grow_calls, node_calls


class Pusher:
    """Sends pushes, each under a number of its sender.

    Args:
        caller: runs the scripts.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._senders = Senders()

    def push(self, jobs: Sequence[Job], membership: Membership | None = None) -> list[str]:
        """Store jobs; return for each the id of the job that stands for it.

        Args:
            jobs: all of the batch that the membership names, or of none.
            membership: who adds them to a batch.

        Raises:
            DuplicateJob, BatchEnded: nothing was stored, or only earlier portions were.
        """
        sender = self._senders.take()
        ids = [job.id for job in jobs]
        try:
            number = 0
            for portion in to_portions(jobs):
                push = partial(self._push_portion, sender, portion, number, membership)
                for index, job_id in self._caller.ask(push).items():
                    ids[number + index] = job_id
                number += len(portion)
        finally:
            self._senders.put_back(sender)
        return ids

    def _push_portion(
        self, sender: Sender, jobs: Sequence[Job], before: int, membership: Membership | None
    ) -> Mapping[int, str]:
        """Store jobs; return which were merged, and with what.

        Args:
            before: how many jobs the caller has pushed in earlier portions, for messages.
        """
        values = codec.stored(jobs)
        if membership:
            reply = self._send(sender, "add_members", *membership, *values)
        elif any(job.lock for job in jobs):
            reply = self._send(sender, "push_unique", *values)
        else:
            self._send(sender, "push", *values)
            return {}
        answer, *merged = reply
        if membership and answer == "ended":
            raise BatchEnded(membership.batch)
        if answer == "refused":
            index, holder = merged
            raise DuplicateJob(jobs[index].task, holder or None, before + index)
        return dict(zip(merged[::2], merged[1::2], strict=True))

    def push_nodes(self, workflow: str, nodes: Sequence[NewNode]) -> None:
        """Store nodes of a workflow and the edges between them.

        Raises:
            WorkflowNotStored: the workflow is unknown.
        """
        sender = self._senders.take()
        try:
            for values in node_calls(workflow, nodes):
                send = partial(self._send, sender, "add_nodes", workflow, *values)
                if self._caller.ask(send) == "unknown":
                    raise WorkflowNotStored(workflow)
        finally:
            self._senders.put_back(sender)

    def grow(self, nodes: Sequence[NewNode], membership: Membership) -> None:
        """Store nodes that a running node adds to its workflow.

        Raises:
            WorkflowNotStored: the node does not run, or the workflow was cancelled.
            InvalidWorkflow: another call of the attempt was not completed.
        """
        sender = self._senders.take()
        try:
            for values in grow_calls(nodes, membership.adder):
                send = partial(self._send, sender, "grow_workflow", *membership, *values)
                answer = self._caller.ask(send)
                if answer == "ended":
                    raise WorkflowNotStored(membership.batch, membership.adder)
                if answer == "unfinished":
                    raise InvalidWorkflow(
                        f"enqueue() of the workflow {membership.batch}: an earlier call of this"
                        " attempt has failed, or has not ended. Let the attempt fail, or await"
                        " one call before the next."
                    )
        finally:
            self._senders.put_back(sender)

    def adopt(self, record: JobRecord, queue: str) -> None:
        """Store a waiting job of another broker with its history, unless its id is known."""
        sender = self._senders.take()
        values = codec.adopted(record, queue)
        try:
            self._caller.ask(partial(self._send, sender, "adopt", queue, *values))
        finally:
            self._senders.put_back(sender)

    def _send(self, sender: Sender, script: str, *values: str | int) -> Any:
        """Run a script under another name of the sender if this one has made a later push."""
        while not (
            reply := self._caller.scripts(script, sender.name, sender.next_number(), *values)
        ):
            sender.rename()
        return reply
