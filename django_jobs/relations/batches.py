"""Batches: jobs that have an end together, after which callbacks start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from django_jobs.clock import from_ms
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, AnyTask
from django_jobs.errors import BatchEnded, BatchNotFound
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchCounts, BatchRecord, BatchState
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.metadata import decode_metadata, encode_metadata
from django_jobs.jobs.progress import CURRENT_ATTEMPT
from django_jobs.validation.validators import short_repr

from .batch_backends import batches_of, check_callback, check_task
from .ends import wait_for_end

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

MAX_NAME = 200
"""How many characters the name of a batch may have."""


class BatchTask(Protocol[P, R_co]):
    """A task, as far as types go: what `enqueue` takes and returns."""

    def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...


class Batch:
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
        if not isinstance(name, str) or len(name) > MAX_NAME:
            raise ImproperlyConfigured(
                f"Batch(name={short_repr(name)}): give a text of at most {MAX_NAME} characters."
            )
        given = {
            BatchEvent.SUCCESS: on_success,
            BatchEvent.END: on_end,
            BatchEvent.DEATH: on_death,
        }
        self.backend = backend
        self._batches = batches_of(backend)
        self._callbacks = {event: task for event, task in given.items() if task is not None}
        for event, task in self._callbacks.items():
            check_callback(f"Batch(on_{event}=…)", task, backend)
        self._metadata = encode_metadata(metadata or {})
        self._name = name
        self._is_entered = False
        self._is_open = False
        self._record: BatchRecord | None = None
        self.id = new_job_id()

    @classmethod
    def get(cls, batch_id: str, *, backend: str = DEFAULT_TASK_BACKEND_ALIAS) -> Self:
        """Return a batch that any process may have opened.

        Raises:
            BatchNotFound: it is unknown, waits for a commit, or is no longer kept.
        """
        batch = cls(backend=backend)
        batch.id = str(batch_id)
        batch._is_entered = True
        batch.refresh()
        return batch

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
        """Enqueue many calls as members, in a round trip for each thousand.

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
        attempt = CURRENT_ATTEMPT.get()
        if attempt is None or attempt.membership.batch != self.id:
            raise BatchEnded(self.id)
        return attempt.membership

    # --- what became of it -------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the current state of the batch.

        Raises:
            BatchNotFound: it is unknown, waits for a commit, or is no longer kept.
        """
        self._record = self._batches.find(self.id)
        if self._record is None:
            raise BatchNotFound(self.id, self.backend)

    async def arefresh(self) -> None:
        """Read the current state of the batch; see `refresh`."""
        await sync_to_async(self.refresh)()

    @property
    def record(self) -> BatchRecord:
        """What is known of the batch; read when it is first used, and by `refresh`.

        Raises:
            BatchNotFound: as of `refresh`.
        """
        if self._record is None:
            self.refresh()
        assert self._record is not None
        return self._record

    @property
    def name(self) -> str:
        return self._record.name if self._record else self._name

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata with which it was opened."""
        return decode_metadata(self._record.metadata if self._record else self._metadata)

    @property
    def counts(self) -> BatchCounts:
        """How many members there are, by what became of them."""
        return self.record.counts

    @property
    def state(self) -> BatchState:
        return self.record.state

    @property
    def opened_at(self) -> datetime:
        return from_ms(self.record.opened_at)

    @property
    def ended_at(self) -> datetime | None:
        """When all members had ended, or None while some have not."""
        ended_at = self.record.ended_at
        return None if ended_at is None else from_ms(ended_at)

    def wait(self, timeout: float) -> BatchState:
        """Wait until all members have ended, in a test or a script.

        A web server or a worker has better things to do: give it a callback.

        Args:
            timeout: seconds after which this gives up.

        Returns:
            The state: succeeded or failed. Callbacks may not have run yet.

        Raises:
            TimeoutError: there are still members that have not ended.
            RuntimeError: a member calls this, which would wait for itself.
            BatchNotFound: as of `refresh`.
        """
        attempt = CURRENT_ATTEMPT.get()
        if attempt is not None and attempt.membership.batch == self.id:
            raise RuntimeError(f"A job of the batch {self.id} waits for the end of the batch.")
        wait_for_end(self._read, timeout)
        return self.state

    def _read(self) -> BatchRecord:
        self.refresh()
        return self.record

    def cancel(self) -> bool:
        """Discard the members that have not started, each when its turn is.

        Running members run to their end. `on_success` is not started any more.

        Returns:
            False if the batch has ended, was cancelled before, or is no longer kept. One that is
            opened at the commit is cancelled then.
        """
        return self._batches.cancel(self.id)

    def retry_dead(self) -> int:
        """Queue all dead members again; return how many.

        `on_success` is started if all of them succeed now. The other callbacks are not repeated.
        """
        retried: int = self._batches.retry_dead(self.id).retried
        return retried

    async def acancel(self) -> bool:
        """Discard the members that have not started; see `cancel`."""
        return await sync_to_async(self.cancel)()

    async def aretry_dead(self) -> int:
        """Queue all dead members again; see `retry_dead`."""
        return await sync_to_async(self.retry_dead)()

    def __repr__(self) -> str:
        return f"<Batch {self.id}{f' {self.name!r}' if self.name else ''}>"
