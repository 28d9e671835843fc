"""Opens and closes the batches of one backend, now or after the commit."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper

from django_jobs.brokers.batches import RetriedDead
from django_jobs.compat import AnyTask
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.result import AnyJobResult
from django_jobs.tasks.calls import to_arguments

from .given_up import cancel_incomplete, give_up_batch
from .on_commit import open_transactions, run_after_all_commits

if TYPE_CHECKING:
    from .base import JobBackend

logger = logging.getLogger("django_jobs")


class BackendBatches:
    """What `django_jobs.Batch` asks of a backend.

    Opening, members and closing all follow the backend's `enqueue_on_commit`, whatever the tasks
    say: they keep their order, and a rollback leaves nothing of the batch.

    Args:
        backend: whose broker keeps the batches.
    """

    def __init__(self, backend: JobBackend) -> None:
        self._backend = backend
        self._broker = backend.broker.batches

    def open(
        self, batch_id: str, name: str, metadata: str, callbacks: Mapping[BatchEvent, AnyTask]
    ) -> None:
        """Store a batch with its callbacks, each of which is called with the id of the batch."""
        jobs = {
            event: self._backend.build_jobs(task, [((batch_id,), {})])[0]
            for event, task in callbacks.items()
        }
        batch = NewBatch(id=batch_id, name=name, metadata=metadata, callbacks=jobs)
        self._run(partial(self._broker.open, batch), batch_id)

    def enqueue(
        self, task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any], membership: Membership
    ) -> AnyJobResult:
        """Enqueue a call of a task as a member.

        Raises:
            BatchEnded: the batch takes no members; never after a commit.
        """
        return self._backend.bulk_enqueue(task, [(args, kwargs)], membership)[0]

    def bulk_enqueue(
        self, task: AnyTask, calls: Iterable[object], membership: Membership
    ) -> list[AnyJobResult]:
        """Enqueue many calls of a task as members; as `enqueue` does."""
        made = [to_arguments(index, call) for index, call in enumerate(calls)]
        return self._backend.bulk_enqueue(task, made, membership)

    def close(self, batch_id: str) -> None:
        self._run(partial(self._close, batch_id), batch_id)

    def _close(self, batch_id: str) -> None:
        if not self._broker.close(batch_id):
            self._warn_if_abandoned(batch_id)
        self._backend.batch_changed(batch_id)

    def _warn_if_abandoned(self, batch_id: str) -> None:
        record = self._broker.find(batch_id)
        if record is None or record.is_abandoned:
            logger.warning(
                "The batch %s was given up before its block ended (TASKS[%r]): nothing was added to"
                " it for an hour, or the broker lost it. Its on_success is not started.",
                *(batch_id, self._backend.alias),
                extra={"backend": self._backend.alias},
            )

    def give_up(self, batch_id: str) -> None:
        """Cancel a batch that is not to go on; never raises a `JobsError`."""
        self._run(partial(cancel_incomplete, batch_id, self._backend), batch_id)

    def cancel(self, batch_id: str) -> bool:
        """Cancel a batch: at the commit, if it is opened only then."""
        if self._awaited_commits() and self._broker.find(batch_id) is None:
            self.give_up(batch_id)
            return True
        was_open = self._broker.cancel(batch_id)
        self._backend.batch_changed(batch_id)
        return was_open

    def find(self, batch_id: str) -> BatchRecord | None:
        return self._broker.find(batch_id)

    def retry_dead(self, batch_id: str, seconds: float = math.inf) -> RetriedDead:
        """Queue the dead members again, all or those that can be reached in some time.

        Raises:
            BatchCancelled: the members would be discarded.
        """
        retried = self._broker.retry_dead(batch_id, seconds)
        self._backend.batch_changed(batch_id)
        return retried

    def _run(self, action: Callable[[], Any], batch_id: str) -> None:
        """Do something to a batch, after the commit if the backend waits for that."""
        give_up = partial(give_up_batch, batch_id, self._backend)
        run_after_all_commits(self._awaited_commits(), action, give_up, self._backend.alias)

    def _awaited_commits(self) -> Sequence[BaseDatabaseWrapper]:
        """Return the connections for whose commits this backend waits."""
        return open_transactions() if self._backend.configuration.enqueue_on_commit else ()
