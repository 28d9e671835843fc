"""Lists the queues of a backend, with or without jobs, and who waits in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django_jobs.brokers.inspection.base import FairKey, QueueInfo
from django_jobs.tasks.redaction.redactor import Redactor

if TYPE_CHECKING:
    from .base import JobBackend


def configured_and_known(backend: JobBackend) -> tuple[QueueInfo, ...]:
    """Return the queues that the broker knows, and those that only the settings name."""
    found = {queue.name: queue for queue in backend.broker.inspection.queues()}
    for name in backend.queues:
        found.setdefault(name, QueueInfo(name=name, size=0, latency=0, paused=False))
    return tuple(found[name] for name in sorted(found))


def fair_keys(
    backend: JobBackend, queues: Iterable[QueueInfo], redactor: Redactor
) -> dict[str, tuple[FairKey, ...]]:
    """Return the longest lines of the queues that have some, by their names, as people may see."""
    read = backend.broker.inspection.fair_keys
    found = {queue.name: read(queue.name) for queue in queues if queue.has_turns}
    return {
        name: tuple(one._replace(key=redactor.text(one.key)) for one in keys)
        for name, keys in found.items()
        if keys
    }
