"""Jobs that run at once in the caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from django_jobs.brokers.base import Broker, Share
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.job import Job
from django_jobs.options import BackendOptions
from django_jobs.result import JobResult
from django_jobs.worker.attempt import Attempt, Site
from django_jobs.worker.sync import run_attempt
from django_jobs.worker.watchdog import Watchdog

from .base import JobBackend
from .shared import shared

_pushing = threading.Lock()


class InlineBackend(JobBackend[BackendOptions]):
    """Runs each job where it is enqueued, as Django's `ImmediateBackend` does.

    A job whose failure asks for another attempt stays as it is, since nothing comes back to it;
    `run_after` is refused.
    """

    supports_defer = False
    options_class = BackendOptions

    @property
    def broker(self) -> Broker:
        return shared(MemoryBroker, self.alias, MemoryBroker)

    def _push(self, jobs: Sequence[Job], results: Sequence[JobResult]) -> None:
        worker = f"inline-{threading.get_ident()}"
        # Together, so that each thread gets the jobs that it has pushed.
        with _pushing:
            super()._push(jobs, results)
            claims = self.broker.reserve(
                worker, time.monotonic_ns(), [Share(jobs[0].queue, len(jobs))], len(jobs)
            ).claims
        site = Site(alias=self.alias, sender=type(self), worker=worker, retry=self.retry)
        for claim in claims:
            settlement = run_attempt(Attempt(claim, site, time.monotonic()), self._watchdog)
            self.broker.settle(worker, time.monotonic_ns(), [settlement])
        for result in results:
            result.refresh()

    @property
    def _watchdog(self) -> Watchdog:
        return shared(Watchdog, self.alias, _running_watchdog)


def _running_watchdog() -> Watchdog:
    watchdog = Watchdog(on_stuck=lambda _: None)
    threading.Thread(target=watchdog.run, name="django-jobs-watchdog", daemon=True).start()
    return watchdog
