"""Opens the port at which `runworker` answers probes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from django_jobs.brokers.prometheus import exposition
from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.probe.answers import WorkerAnswers
from django_jobs.worker.probe.scrapes import Scrapes
from django_jobs.worker.probe.server import ProbeServer

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend


def open_worker_probe(
    address: ProbeAddress | None, workers: WorkerGroup, scrapes: Scrapes
) -> ProbeServer | None:
    """Return a server that answers for workers, or None without an address.

    Args:
        scrapes: sends the metrics.

    Raises:
        CommandError: it is not possible to listen at the address; says why.
    """
    if address is None:
        return None
    try:
        return ProbeServer(address, WorkerAnswers(workers, scrapes))
    except OSError as error:
        raise cannot_listen(address, error) from error


def scrapes_of(backend: JobBackend) -> Scrapes:
    """Return what sends the metrics of a backend to those who ask for them."""
    return Scrapes(lambda: exposition(backend.broker))


def cannot_listen(address: ProbeAddress | None, error: OSError) -> CommandError:
    """Return the error for an address that cannot be used."""
    # Errors of name resolution have numbers of their own, below 0.
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror
    return CommandError(
        f"--probe, JOB_PROBE: can't listen at {address}: {reason}. Give an address of this"
        " machine and a port that nobody else uses; each runworker needs one of its own."
    )
