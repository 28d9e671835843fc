"""Jobs that are only stored, for tests."""

from __future__ import annotations

from django_jobs.brokers.base import Broker
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.compat import AnyResult
from django_jobs.job import State
from django_jobs.options import BackendOptions

from .base import JobBackend
from .shared import shared

EVERYTHING = 1_000_000


class DummyBackend(JobBackend[BackendOptions]):
    """Keeps jobs in memory and never runs them, as Django's own of that name."""

    options_class = BackendOptions

    @property
    def broker(self) -> Broker:
        return shared(MemoryBroker, self.alias, lambda: MemoryBroker(max_queued=EVERYTHING))

    @property
    def results(self) -> list[AnyResult]:
        """What was enqueued, in that order."""
        jobs = self.broker.inspection.jobs
        waiting = [
            record
            for state in (State.QUEUED, State.SCHEDULED)
            for record in jobs(state, limit=EVERYTHING)
        ]
        waiting.sort(key=lambda record: record.job.enqueued_at)
        return [self.get_result(record.job.id) for record in waiting]

    def clear(self) -> None:
        """Forget what was enqueued."""
        for result in self.results:
            self.broker.inspection.delete(result.id)
