"""The backend that only stores jobs, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django_jobs.brokers.base import Broker
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job
from django_jobs.jobs.result import AnyJobResult
from django_jobs.jobs.workflows import NewNode

from .base import JobBackend
from .per_process import process_instance

EVERYTHING = 1_000_000


class Enqueued:
    """Ids of jobs in the order in which they were enqueued."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def close(self) -> None:
        self.ids.clear()


class DummyBackend(JobBackend):
    """Keeps jobs in memory and never runs them, like Django's backend of that name.

    Limits do not count, so that `run_enqueued` of a test never waits for a period to pass.
    """

    @property
    def broker(self) -> Broker:
        return process_instance(
            MemoryBroker, self.alias, lambda: MemoryBroker(max_queued=EVERYTHING)
        )

    @property
    def results(self) -> list[AnyJobResult]:
        """The results of the enqueued jobs, in that order."""
        find = self.broker.inspection.find
        return [self.get_result(job_id) for job_id in self._enqueued.ids if find(job_id)]

    def clear(self) -> None:
        """Delete the enqueued jobs."""
        for job_id in self._enqueued.ids:
            self.broker.inspection.delete(job_id)
        self._enqueued.ids.clear()

    def _push(
        self,
        jobs: Sequence[Job],
        results: Sequence[AnyJobResult],
        membership: Membership | None = None,
    ) -> None:
        ids = self._store([job._replace(limits=()) for job in jobs], membership)
        self._enqueued.ids += [job.id for job, own in zip(jobs, ids, strict=True) if job.id == own]
        self._announce(jobs, ids, results)

    def store_nodes(
        self, nodes: Sequence[NewNode], results: Sequence[AnyJobResult], store: Callable[[], None]
    ) -> None:
        super().store_nodes(nodes, results, store)
        self._enqueued.ids += [node.job.id for node in nodes]

    @property
    def _enqueued(self) -> Enqueued:
        return process_instance(Enqueued, self.alias, Enqueued)
