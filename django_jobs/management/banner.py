"""What a worker says at its start: what it serves, and what nobody does; and after a burst."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from django_jobs.clock import now_ms
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import State

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend
    from django_jobs.brokers.base import Broker
    from django_jobs.worker.worker import Worker

CLOCKS_APART_MS = 2_000
"""By how much two clocks that are kept right never differ."""


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
    if clock := _wrong_clock(backend.broker):
        yield f"Warning: {clock}"
    for problem in backend.broker.problems():
        yield f"Warning: {problem}"


def _wrong_clock(broker: Broker) -> str:
    """Return by how much this machine's clock differs from the broker's, if it matters."""
    before, broker_clock, after = now_ms(), broker.now(), now_ms()
    if before - CLOCKS_APART_MS <= broker_clock <= after + CLOCKS_APART_MS:
        return ""
    seconds = abs(after - broker_clock) / 1000
    how = "ahead of" if after > broker_clock else "behind"
    return (
        f"the clock of this machine is {seconds:,.0f} s {how} that of the broker, so jobs that are"
        " scheduled here start at a wrong time. Keep both right with NTP."
    )


def _unserved(backend: JobBackend[Any], worker: Worker) -> list[str]:
    if not worker.served:
        return []
    inspection = backend.broker.inspection
    known = backend.queues | set(inspection.queue_names())
    workers = inspection.workers()
    return sorted(
        name
        for name in known - set(worker.served)
        if not any(other.serves(name) for other in workers)
    )


def farewell(backend: JobBackend[Any]) -> Iterator[str]:
    """Yield what a burst has left: jobs that other workers hold, which may have died."""
    try:
        held = backend.broker.inspection.counts()[State.RUNNING]
    except BrokerError as error:
        yield f"Warning: can't see whether other workers still hold jobs: {error}"
        return
    if held:
        latest = timezone.localtime(timezone.now() + timedelta(seconds=backend.broker.lease))
        yield (
            f"Warning: {held} {'job is' if held == 1 else 'jobs are'} in the hands of other"
            " workers. What a worker holds that has died can be taken by the next one that starts"
            f" when its lease is over, which is by {latest:%H:%M:%S} at the latest."
        )
