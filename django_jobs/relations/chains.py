"""Chains: workflows whose jobs run one after another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS

from .adding import NodeTask, ResultOf
from .nodes import Node
from .workflows import Workflow

P = ParamSpec("P")
R = TypeVar("R")
L = TypeVar("L")
R_co = TypeVar("R_co", covariant=True)
L_contra = TypeVar("L_contra", contravariant=True)


class Nothing:
    """What an empty chain returns, as far as types go."""


class NextTask(Protocol[L_contra, P, R_co]):
    """A task, as far as types go: it takes the result of the one before."""

    def enqueue(self, last: L_contra, /, *args: P.args, **kwargs: P.kwargs) -> ResultOf[R_co]: ...


class Chain(Generic[L]):
    """Jobs one after another, each of which gets the result of the one before.

    The result is the first argument of the next call, before those that are given to `add`. For
    type checkers `add` returns a chain of another type, so calls are written one behind the other.

    Args:
        name, metadata, backend: as of `Workflow`.

    Attributes:
        workflow: what the chain builds.
    """

    def __init__(
        self: Chain[Nothing],
        name: str = "",
        *,
        metadata: Mapping[str, Any] | None = None,
        backend: str = DEFAULT_TASK_BACKEND_ALIAS,
    ) -> None:
        self.workflow = Workflow(name, metadata=metadata, backend=backend)
        self._last: tuple[Node[Any], ...] = ()

    @property
    def id(self) -> str:
        """The id of the workflow, for `Workflow.get`."""
        return self.workflow.id

    @overload
    def add(
        self: Chain[Nothing], task: NodeTask[P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Chain[R]: ...
    @overload
    def add(self, task: NextTask[L, P, R], /, *args: P.args, **kwargs: P.kwargs) -> Chain[R]: ...
    def add(self, task: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Add a call of a task; raises the same errors as `Workflow.add`.

        Returns:
            The chain itself.
        """
        self._last = (self.workflow.add(task, *self._last, *args, **kwargs),)
        return self

    def enqueue(self) -> list[Any]:
        """Store all calls, and let the first one start; see `Workflow.enqueue`."""
        return self.workflow.enqueue()

    async def aenqueue(self) -> list[Any]:
        """Store all calls; see `enqueue`."""
        return await self.workflow.aenqueue()
