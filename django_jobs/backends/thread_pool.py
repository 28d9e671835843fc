"""The default: jobs run in threads of the process that enqueues them."""

from __future__ import annotations

from collections.abc import Sequence

from django_jobs.brokers.base import Broker
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.conf.options import ThreadPoolOptions
from django_jobs.jobs.records import Job
from django_jobs.jobs.result import AnyJobResult

from .base import JobBackend
from .embedded import Pool, leave_politely_on_sigterm
from .per_process import shared


class ThreadPoolBackend(JobBackend):
    """Runs jobs in this process; they wait in memory, and end with it."""

    options_class = ThreadPoolOptions
    configuration: ThreadPoolOptions

    @property
    def broker(self) -> Broker:
        options = self.configuration
        return shared(
            MemoryBroker,
            self.alias,
            lambda: MemoryBroker(max_queued=options.max_queued, full_timeout=options.full_timeout),
        )

    def _push(self, jobs: Sequence[Job], results: Sequence[AnyJobResult]) -> None:
        # First, as a process that has ended its work must refuse jobs, not lose them.
        self.pool.start()
        super()._push(jobs, results)

    def prepare_process(self) -> None:
        leave_politely_on_sigterm()

    @property
    def pool(self) -> Pool:
        """The process's threads for this alias."""
        return shared(Pool, self.alias, lambda: Pool(self))
