"""A worker's memory does not grow with the number of jobs it has run."""

from __future__ import annotations

import os

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import State
from tests.robustness.load.brokers import PORTION, TIMED
from tests.support.builders import make_jobs
from tests.support.waiting import wait_until
from tests.support.worker_fixtures import backend, configure, notes, site  # noqa: F401 (fixtures)
from tests.support.workers import Site, WorkerProcess

FEW, MANY = (20_000, 200_000) if TIMED else (2_000, 8_000)
MARGIN = 1.10
WAITING = 10_000
"""How many jobs wait for the worker at most."""

TASK = "tests.apps.backend_site.tasks.echo"


def memory(worker: WorkerProcess) -> int:
    """The bytes of a process that are in memory."""
    with open(f"/proc/{worker.process.pid}/statm") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run(backend: JobBackend, number: int) -> None:  # noqa: F811
    """Run that many more small jobs in the worker."""
    broker = backend.broker

    def waiting() -> int:
        counts = broker.inspection.counts()
        return counts[State.QUEUED] + counts[State.RUNNING]

    for _ in range(0, number, PORTION):
        wait_until(lambda: waiting() < WAITING, "the worker does not keep up")
        broker.push(make_jobs(PORTION, task=TASK, arguments='[["a",1],{"b":null}]', result_ttl=0))
    wait_until(lambda: waiting() == 0, "the worker did not run all", deadline=120)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_worker_takes_no_more_memory_the_longer_it_works(
    site: Site,  # noqa: F811
    backend: JobBackend,  # noqa: F811
) -> None:
    worker = site.start()
    run(backend, FEW)
    before = memory(worker)
    run(backend, MANY - FEW)
    after = memory(worker)
    print(f"{before / 2**20:.1f} MiB after {FEW:,} jobs, {after / 2**20:.1f} MiB after {MANY:,}")

    assert backend.broker.inspection.counts()[State.DEAD] == 0
    assert after < MARGIN * before
