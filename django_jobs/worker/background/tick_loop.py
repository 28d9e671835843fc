"""The loop that enqueues periodic tasks at their ticks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from django_jobs.clock import from_ms, now_ms
from django_jobs.errors import BrokerError
from django_jobs.periodic_tasks.due import PeriodicTask
from django_jobs.periodic_tasks.registry import registered
from django_jobs.tasks.registry import import_task_modules
from django_jobs.waits import wait_out

from .backoff import Outage
from .ticker import Ticker

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend


class TickLoop:
    """Ticks for one backend, if its jobs outlive the process: otherwise there are no ticks.

    Args:
        backend: whose periodic tasks.
    """

    def __init__(self, backend: JobBackend[Any]) -> None:
        tasks = _periodic_tasks(backend)
        self.tasks = tasks
        self._ticker = Ticker(backend.broker, tasks, backend.make_job)
        self._outage = Outage("enqueue periodic tasks")
        self._stopped = threading.Event()

    def run(self) -> None:
        """Tick until stopped."""
        pause = 0.0
        while self.tasks and not wait_out(self._stopped.wait, pause):
            try:
                pause = self._ticker.tick(from_ms(now_ms()))
                self._outage.over()
            except BrokerError as error:
                pause = self._outage.failed(error)

    def stop(self) -> None:
        self._stopped.set()


def _periodic_tasks(backend: JobBackend[Any]) -> tuple[PeriodicTask, ...]:
    if not backend.persistent:
        return ()
    import_task_modules()
    return registered(backend.alias)
