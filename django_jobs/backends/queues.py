"""Lists the queues of a backend, with or without jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django_jobs.brokers.inspection.base import QueueInfo

if TYPE_CHECKING:
    from .base import JobBackend


def configured_and_known(backend: JobBackend) -> tuple[QueueInfo, ...]:
    """Return the queues that the broker knows, and those that only the settings name."""
    found = {queue.name: queue for queue in backend.broker.inspection.queues()}
    for name in backend.queues:
        found.setdefault(name, QueueInfo(name=name, size=0, latency=0, paused=False))
    return tuple(found[name] for name in sorted(found))
