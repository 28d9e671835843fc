"""What a worker says when it starts: what it serves, and what nobody does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend

    from .worker import Worker


def greeting(backend: JobBackend[Any], worker: Worker) -> Iterator[str]:
    """Yield the lines.

    Raises:
        BrokerError: the broker does not answer.
    """
    options = worker.options
    named = ", ".join(
        queue.name if options.strict else f"{queue.name}:{queue.weight}" for queue in options.queues
    )
    order = "in strict order" if options.strict else "by weight"
    yield f"Worker {worker.id} serves {named or 'every queue'}, {order}."
    yield (
        f"{options.concurrency} threads and up to {options.async_concurrency} coroutines;"
        f" {len(worker.periodic_tasks)} periodic tasks. Stop: Ctrl-C or kill -TERM {os.getpid()}."
    )
    unserved = _unserved(backend, worker)
    if unserved:
        yield f"Warning: no worker serves {', '.join(unserved)}; jobs there wait until one does."
    for problem in backend.broker.problems():
        yield f"Warning: {problem}"


def _unserved(backend: JobBackend[Any], worker: Worker) -> list[str]:
    inspection = backend.broker.inspection
    known = backend.queues | {queue.name for queue in inspection.queues()}
    served_sets = [worker.served, *(other.queues for other in inspection.workers())]
    if any(not names for names in served_sets):
        return []
    return sorted(known - {name for names in served_sets for name in names})
