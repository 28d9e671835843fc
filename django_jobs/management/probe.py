"""Opens the port at which `runworker` answers probes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.core.management.base import CommandError

from django_jobs.brokers.inspection.prometheus import exposition
from django_jobs.conf.probe_address import ProbeAddress
from django_jobs.worker.group import WorkerGroup
from django_jobs.worker.probe.answers import Answers, WorkerAnswers
from django_jobs.worker.probe.server import ProbeServer

if TYPE_CHECKING:
    from django_jobs.backends.base import JobBackend


def open_worker_probe(
    address: ProbeAddress | None, backend: JobBackend, workers: WorkerGroup
) -> ProbeServer | None:
    """Return a server that answers for workers, or None without an address.

    Args:
        backend: whose metrics it has.

    Raises:
        CommandError: it is not possible to listen at the address; says why.
    """
    answers = WorkerAnswers(workers, lambda: exposition(backend.broker.inspection))
    return open_probe(address, answers)


def open_probe(address: ProbeAddress | None, answers: Answers) -> ProbeServer | None:
    """Return a server with these answers, or None without an address.

    Raises:
        CommandError: it is not possible to listen at the address; says why.
    """
    if address is None:
        return None
    try:
        return ProbeServer(address, answers)
    except OSError as error:
        # Errors of name resolution have numbers of their own, below 0.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror
        raise CommandError(
            f"--probe, JOB_PROBE: can't listen at {address}: {reason}. Give an address of this"
            " machine and a port that nobody else uses; each runworker needs one of its own."
        ) from error
