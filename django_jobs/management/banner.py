"""The lines that a worker prints when it starts, and after a burst."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from django_jobs.clock import now_ms
from django_jobs.errors import BrokerError
from django_jobs.jobs.records import State
from django_jobs.management.upcoming import next_ticks

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend
    from django_jobs.brokers.base import Broker
    from django_jobs.conf.probe_address import ProbeAddress
    from django_jobs.worker.worker import Worker

CLOCKS_APART_MS = 2_000
"""A larger difference than two synchronized clocks ever have."""


def introduction(backend: JobBackend) -> str:
    """Return which backend it is, and where its jobs are."""
    kind = type(backend).__name__
    return f"TASKS[{backend.alias!r}] is {kind} and keeps jobs in {backend.broker.place}."


def processes_line(processes: int) -> str:
    """Return what the parent of several worker processes says first."""
    return f"{processes} worker processes, which kill -TERM {os.getpid()} stops."


def greeting(
    backend: JobBackend, worker: Worker, probe: ProbeAddress | None = None
) -> Iterator[str]:
    """Yield what a worker serves, and warnings about queues, clock and broker.

    One of several processes is brief, as its parent has introduced the backend.

    Args:
        backend: whose jobs it runs.
        worker: has signed on if its broker answers, and is about to start.
        probe: where it answers probes, if it does.
    """
    options = worker.options
    named = ", ".join(
        queue.name if options.strict else f"{queue.name}:{queue.weight}" for queue in options.queues
    )
    order = "in strict order" if options.strict else "by weight"
    if not options.replaceable:
        yield introduction(backend)
    yield f"Worker {worker.id} serves {named or 'all queues'}, {order}."
    yield from next_ticks(backend, worker)
    yield (
        f"{options.concurrency} threads and up to {options.async_concurrency} coroutines."
        f" Stop: Ctrl-C or kill -TERM {os.getpid()}."
    )
    yield from probe_pages(probe)
    if not worker.holds_lease:
        yield f"Warning: the broker of {worker.alias!r} does not answer yet."
        return
    try:
        yield from (f"Warning: {warning}" for warning in _warnings(backend, worker))
    except BrokerError as error:
        yield f"Warning: {error}"


def _warnings(backend: JobBackend, worker: Worker) -> Iterator[str]:
    """Yield what keeps jobs from running as they should.

    Raises:
        BrokerError: the broker does not answer.
    """
    if unserved := _unserved(backend, worker):
        yield f"no worker serves {', '.join(unserved)}; jobs wait there until one does."
    if clock := _wrong_clock(backend.broker):
        yield clock
    yield from map(str, backend.broker.config_warnings())


def probe_pages(probe: ProbeAddress | None) -> Iterator[str]:
    """Yield where probes are answered, if they are."""
    if probe:
        yield f"Probes: http://{probe}/live, /ready and /metrics."


def _wrong_clock(broker: Broker) -> str:
    """Return a warning if this machine's clock differs from the broker's."""
    before, broker_clock, after = now_ms(), broker.now(), now_ms()
    if before - CLOCKS_APART_MS <= broker_clock <= after + CLOCKS_APART_MS:
        return ""
    seconds = abs(after - broker_clock) / 1000
    how = "ahead of" if after > broker_clock else "behind"
    return (
        f"this machine's clock is {seconds:,.0f} s {how} the broker's, so jobs that are"
        " scheduled here start at the wrong time. Synchronize both with NTP."
    )


def _unserved(backend: JobBackend, worker: Worker) -> list[str]:
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


def burst_report(backend: JobBackend) -> Iterator[str]:
    """Yield a warning about jobs that a burst left to other workers, which may have died."""
    try:
        held = backend.broker.inspection.counts()[State.RUNNING]
    except BrokerError as error:
        yield f"Warning: could not find out whether other workers still hold jobs: {error}"
        return
    if held:
        latest = timezone.localtime(timezone.now() + timedelta(seconds=backend.broker.lease))
        yield (
            f"Warning: other workers still hold {held} {'job' if held == 1 else 'jobs'}. If one of"
            " them has died, a worker that starts after its lease can take its jobs: at"
            f" {latest:%H:%M:%S} at the latest."
        )
