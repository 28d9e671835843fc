"""What batches and workflows have in common: what became of their jobs, and what to do about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from django_jobs.clock import from_ms
from django_jobs.jobs.batches import BatchCounts, BatchRecord, BatchState
from django_jobs.jobs.ids import new_job_id
from django_jobs.jobs.metadata import decode_metadata, encode_metadata
from django_jobs.jobs.progress import CURRENT_ATTEMPT, RunningAttempt
from django_jobs.validation.ranges import WAIT
from django_jobs.validation.validators import is_clean_text, short_repr

from .batch_backends import batches_of
from .ends import wait_for_end

MAX_NAME = 200
"""How many characters the name of a batch or a workflow may have."""


class JobGroup(ABC):
    """Jobs that a broker counts together.

    Args:
        name: for the dashboard, 200 characters at most.
        metadata: a dict of JSON values.
        backend: alias in `TASKS`, to which all jobs belong.

    Raises:
        ImproperlyConfigured: the name is no text, or too long.
        UnusableMetadata: a value is not a JSON value, or the metadata is too large.
    """

    _is_workflow: ClassVar[bool] = False

    def __init__(self, name: str, metadata: Mapping[str, Any] | None, backend: str) -> None:
        if not is_clean_text(name, MAX_NAME):
            raise ImproperlyConfigured(
                f"{type(self).__name__}(name={short_repr(name)}): give a text of at most"
                f" {MAX_NAME} characters."
            )
        self.backend = backend
        self._batches = batches_of(backend)
        self._metadata = encode_metadata({} if metadata is None else metadata)
        self._name = name
        self._record: BatchRecord | None = None
        self.id = new_job_id()

    @classmethod
    @abstractmethod
    def _not_found(cls, group_id: str, alias: str) -> LookupError:
        """Return the error for one that is not there."""

    def _read_as(self, group_id: str) -> None:
        """Become one that any process may have stored."""
        self.id = str(group_id)
        self.refresh()

    def refresh(self) -> None:
        """Read the current state.

        Raises:
            BatchNotFound, WorkflowNotFound: it is unknown, waits for a commit, or is no longer
                kept.
        """
        record = self._batches.find(self.id)
        if record is None or record.is_workflow != self._is_workflow:
            raise self._not_found(self.id, self.backend)
        self._record = record

    async def arefresh(self) -> None:
        """Read the current state; see `refresh`."""
        await sync_to_async(self.refresh)()

    @property
    def record(self) -> BatchRecord:
        """What is known of it; read when it is first used, and by `refresh`.

        Raises:
            BatchNotFound, WorkflowNotFound: as of `refresh`.
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
        """The metadata with which it was stored."""
        return decode_metadata(self._record.metadata if self._record else self._metadata)

    @property
    def counts(self) -> BatchCounts:
        """How many jobs there are, by what became of them."""
        return self.record.counts

    @property
    def state(self) -> BatchState:
        return self.record.state

    @property
    def opened_at(self) -> datetime:
        return from_ms(self.record.opened_at)

    @property
    def ended_at(self) -> datetime | None:
        """When all jobs had ended, or None while some have not."""
        ended_at = self.record.ended_at
        return None if ended_at is None else from_ms(ended_at)

    def _running_member(self) -> RunningAttempt | None:
        """Return the attempt of the running job if that belongs to this one, or None."""
        attempt = CURRENT_ATTEMPT.get()
        return attempt if attempt is not None and attempt.membership.batch == self.id else None

    def wait(self, timeout: float | timedelta) -> BatchState:
        """Wait until all jobs have ended, in a test or a script.

        A web server or a worker has better things to do: give it a callback, or another node.

        Args:
            timeout: seconds or a timedelta after which this gives up.

        Returns:
            The state: succeeded or failed. Callbacks may not have run yet.

        Raises:
            ValueError: the timeout cannot be used.
            TimeoutError: there are still jobs that have not ended.
            RuntimeError: one of the jobs calls this, which would wait for itself.
            BatchNotFound, WorkflowNotFound: as of `refresh`.
        """
        try:
            seconds = WAIT(timeout)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}.wait(timeout=…): {error}") from None
        if self._running_member() is not None:
            group = "workflow" if self._is_workflow else "batch"
            raise RuntimeError(f"A job of the {group} {self.id} waits for the end of the {group}.")
        wait_for_end(self._read, seconds)
        return self.state

    def _read(self) -> BatchRecord:
        self.refresh()
        return self.record

    def cancel(self) -> bool:
        """Discard the jobs that have not started, each when its turn is.

        Running jobs run to their end. A batch's `on_success` is not started any more.

        Returns:
            False if it has ended, was cancelled before, or is no longer kept. One that is stored at
            the commit is cancelled then.
        """
        return self._batches.cancel(self.id)

    def retry_dead(self) -> int:
        """Queue all dead jobs again; return how many.

        A batch's `on_success` is started if all of them succeed now; the other callbacks are not
        repeated. What a workflow had discarded as it needed a dead job waits for that again.

        Raises:
            BatchCancelled: it was cancelled, so they would be discarded.
        """
        retried: int = self._batches.retry_dead(self.id).retried
        return retried

    async def acancel(self) -> bool:
        """Discard the jobs that have not started; see `cancel`."""
        return await sync_to_async(self.cancel)()

    async def aretry_dead(self) -> int:
        """Queue all dead jobs again; see `retry_dead`."""
        return await sync_to_async(self.retry_dead)()

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        return f"<{type(self).__name__} {self.id}{name}>"
