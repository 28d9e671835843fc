"""The nodes of a workflow that is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django_jobs.compat import AnyTask
from django_jobs.jobs.records import Job
from django_jobs.jobs.workflows import Edge
from django_jobs.serialization.results import ResultSource

if TYPE_CHECKING:
    from .workflows import Workflow

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Node(ResultSource, Generic[R_co]):
    """A job of a workflow; as an argument of a later one it stands for the job's result.

    `Workflow.add` makes it.

    Attributes:
        workflow: to which it belongs.
        task: what it calls.
    """

    workflow: Workflow
    task: AnyTask
    job: Job = field(repr=False)
    edges: tuple[Edge, ...] = field(repr=False)

    def __repr__(self) -> str:
        return f"<Node {self.id} of {self.task.module_path}>"

    def __format__(self, _: str) -> str:
        raise TypeError(
            f"The result of {self!r} is not known yet, so it cannot be a part of a text: give the"
            " node itself as an argument, or write {node!r} to show it."
        )

    @property
    def id(self) -> str:
        """The id of the job."""
        return self.job.id

    @property
    def result(self) -> R_co:
        """What stands for the job's result among the arguments of later ones, of that type.

        It is the node itself: the result is not there yet.
        """
        return cast("R_co", self)

    @property
    def ended(self) -> NodeEnd:
        """For `after`: start when this node has ended, in whichever way."""
        return NodeEnd(self)


@dataclass(frozen=True, slots=True)
class NodeEnd(ResultSource):
    """The end of a node, in whichever way."""

    node: Node[Any]
