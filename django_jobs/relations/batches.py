"""Batches: jobs that have an end together, after which callbacks start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from asgiref.sync import sync_to_async

from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, AnyTask
from django_jobs.errors import BatchEnded, BatchNotFound
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.membership import Membership

from .batch_backends import check_callback, check_task
from .job_group import JobGroup

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)


class BatchTask(Protocol[P, R_co]):
    """A task, as far as types go: what `enqueue` takes and returns."""

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Batch(JobGroup):
    """Jobs that have an end together. Use it in a `with` block, which adds the members.

    A callback is a task that is enqueued once, with the id of the batch as its only argument.
    Leaving the block by an exception cancels the batch. Inside a transaction everything waits for
    the commit.

    Args:
        on_success: started when every member has succeeded, or was discarded by its own wish.
        on_end: started when every member has ended, however.
        on_death: started when the first member is dead.
        name: for the dashboard, 200 characters at most.
        metadata: a dict of JSON values, which callbacks find in the batch.
        backend: alias in `TASKS`; members and callbacks must belong to it.

    Raises:
        ImproperlyConfigured: a callback cannot be called, or belongs to another backend.
        UnusableMetadata: a value is not a JSON value, or the metadata is too large.
    """

    def __init__(
        self,
        *,
        on_success: AnyTask | None = None,
        on_end: AnyTask | None = None,
        on_death: AnyTask | None = None,
        name: str = "",
        metadata: Mapping[str, Any] | None = None,
        backend: str = DEFAULT_TASK_BACKEND_ALIAS,
    ) -> None:
        super().__init__(name, metadata, backend)
        given = {
            BatchEvent.SUCCESS: on_success,
            BatchEvent.END: on_end,
            BatchEvent.DEATH: on_death,
        }
        self._callbacks = {event: task for event, task in given.items() if task is not None}
        for event, task in self._callbacks.items():
            check_callback(f"Batch(on_{event}=…)", task, backend)
        self._is_entered = False
        self._is_open = False

    @classmethod
    def get(cls, batch_id: str, *, backend: str = DEFAULT_TASK_BACKEND_ALIAS) -> Self:
        """Return a batch that any process may have opened.

        Raises:
            BatchNotFound: it is unknown, waits for a commit, or is no longer kept.
        """
        batch = cls(backend=backend)
        batch._is_entered = True
        batch._read_as(batch_id)
        return batch

    @classmethod
    def _not_found(cls, group_id: str, alias: str) -> BatchNotFound:
        return BatchNotFound(group_id, alias)

    # --- members -----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._is_entered:
            raise BatchEnded(self.id)
        self._batches.open(self.id, self._name, self._metadata, self._callbacks)
        self._is_entered = self._is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        if error is None:
            self._batches.close(self.id)
        else:
            self._batches.give_up(self.id)

    async def __aenter__(self) -> Self:
        return await sync_to_async(self.__enter__)()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await sync_to_async(self.__exit__)(kind, error, traceback)

    def enqueue(self, task: BatchTask[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Enqueue a call of a task as a member: in the `with` block, or in a running member.

        Returns:
            The result, as of `task.enqueue`.

        Raises:
            BatchEnded: the block is over, and no running member of the batch calls this.
        """
        membership, known = self._membership(), self._checked(task)
        result: R_co = self._batches.enqueue(known, args, kwargs, membership)
        return result

    def bulk_enqueue(self, task: AnyTask, calls: Iterable[Any]) -> list[Any]:
        """Enqueue many calls as members, in a round trip for every 300.

        Args:
            calls: as of `Task.bulk_enqueue`.

        Returns:
            The results in the order of the calls.

        Raises:
            BatchEnded: as of `enqueue`.
        """
        membership = self._membership()
        return self._batches.bulk_enqueue(self._checked(task), calls, membership)

    async def aenqueue(self, task: BatchTask[P, R_co], *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Enqueue a call as a member; see `enqueue`."""
        return await sync_to_async(self.enqueue)(task, *args, **kwargs)

    async def abulk_enqueue(self, task: AnyTask, calls: Iterable[Any]) -> list[Any]:
        """Enqueue many calls as members; see `bulk_enqueue`."""
        return await sync_to_async(self.bulk_enqueue)(task, calls)

    def _checked(self, task: object) -> AnyTask:
        return check_task("Batch.enqueue", task, self.backend)

    def _membership(self) -> Membership:
        if self._is_open:
            return Membership(self.id)
        attempt = self._running_member()
        if attempt is None:
            raise BatchEnded(self.id)
        return attempt.membership
