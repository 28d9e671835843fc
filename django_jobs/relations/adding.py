"""What type checkers know of `Workflow.add`: arguments and results of nodes fit the task.

`after` cannot stand together with the parameters of any task (PEP 612), so calls with `after` have
signatures of their own. These check the first three arguments by position.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from .nodes import Node, NodeEnd

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

After: TypeAlias = "Iterable[Node[Any] | NodeEnd] | Node[Any] | NodeEnd"


class ResultOf(Protocol[R_co]):
    """What `enqueue` returns, as far as types go."""

    @property
    def return_value(self) -> R_co: ...


class NodeTask(Protocol[P, R_co]):
    """A task, as far as types go: what it takes and returns."""

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> ResultOf[R_co]: ...


class AddsNodes(ABC):
    """Has the method `add`."""

    @abstractmethod
    def _add(
        self, task: Any, args: Sequence[Any], kwargs: Mapping[str, Any], after: Any
    ) -> Node[Any]: ...

    @overload
    def add(self, task: NodeTask[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Node[R]: ...
    @overload
    def add(self, task: NodeTask[..., R], /, *, after: After, **kwargs: Any) -> Node[R]: ...
    @overload
    def add(
        self, task: NodeTask[Concatenate[A, ...], R], a: A, /, *, after: After, **kwargs: Any
    ) -> Node[R]: ...
    @overload
    def add(
        self,
        task: NodeTask[Concatenate[A, B, ...], R],
        a: A,
        b: B,
        /,
        *,
        after: After,
        **kwargs: Any,
    ) -> Node[R]: ...
    @overload
    def add(
        self,
        task: NodeTask[Concatenate[A, B, C, ...], R],
        a: A,
        b: B,
        c: C,
        /,
        *more: Any,
        after: After,
        **kwargs: Any,
    ) -> Node[R]: ...
    def add(self, task: Any, /, *args: Any, after: Any = (), **kwargs: Any) -> Node[Any]:
        """Add a call of a task.

        `node.result` among the arguments, also in lists, tuples and dicts, stands for the result of
        that node's job; the node itself does, too, but not for type checkers. The call starts when
        all these jobs, and those of `after`, have succeeded.

        Args:
            after: other nodes to wait for; `node.ended` for one that may end in whichever way. A
                task's own parameter of this name is given by its position.

        Returns:
            The node, for later calls.

        Raises:
            InvalidWorkflow: a node belongs to another workflow or to an earlier `enqueue()`, or the
                workflow is enqueued already and none of its running jobs calls this.
            ImproperlyConfigured: the task belongs to another backend, or cannot be a node.
            WrongArguments, UnserializableArgument, PayloadTooLarge: as of `task.enqueue`.
        """
        return self._add(task, args, kwargs, after)
