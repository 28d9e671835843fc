"""The default backend, which runs jobs in threads of the process that enqueues them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django_jobs.brokers.base import Broker
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.conf.options import ThreadPoolOptions
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.result import AnyJobResult
from django_jobs.jobs.workflows import NewNode

from .base import JobBackend
from .embedded import EmbeddedWorker, exit_cleanly_on_sigterm
from .installed import warn_unless_installed
from .per_process import process_instance


class ThreadPoolBackend(JobBackend):
    """Runs jobs in this process; waiting jobs are in its memory, and are lost when it ends."""

    options_class = ThreadPoolOptions
    configuration: ThreadPoolOptions

    @property
    def broker(self) -> Broker:
        return process_instance(MemoryBroker, self.alias, self._made)

    def _made(self) -> MemoryBroker:
        warn_unless_installed(self.alias)
        options = self.configuration
        return MemoryBroker(max_queued=options.max_queued, full_timeout=options.full_timeout)

    def _push(
        self,
        jobs: Sequence[Job],
        results: Sequence[AnyJobResult],
        membership: Membership | None = None,
    ) -> None:
        # First: a process that is ending must refuse jobs, not lose them.
        self.pool.start()
        super()._push(jobs, results, membership)

    def store_nodes(
        self, nodes: Sequence[NewNode], results: Sequence[AnyJobResult], store: Callable[[], None]
    ) -> None:
        self.pool.start()  # first, as for single jobs
        super().store_nodes(nodes, results, store)

    def batch_changed(self, batch_id: str) -> None:
        self.pool.start()  # it may have no members, and still a callback

    def prepare_process(self) -> None:
        exit_cleanly_on_sigterm()

    @property
    def pool(self) -> EmbeddedWorker:
        """The worker of this process for this alias."""
        return process_instance(EmbeddedWorker, self.alias, lambda: EmbeddedWorker(self))
