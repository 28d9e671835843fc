"""Helpers of the workers' tests: what becomes of a job, and several processes under a parent."""

from __future__ import annotations

import json
import socket
from typing import Any

from django_jobs.backends.base import JobBackend
from django_jobs.jobs.records import JobRecord
from tests.support.waiting import wait_until
from tests.support.workers import Site, WorkerProcess

TWO = ("-c", "1", "--processes", "2")


def record_of(backend: JobBackend, result: Any) -> JobRecord:
    record = backend.broker.inspection.find(result.id)
    assert record is not None
    return record


def wait_for_end(backend: JobBackend, result: Any) -> JobRecord:
    wait_until(
        lambda: record_of(backend, result).state.is_final,
        lambda: f"no end of {record_of(backend, result)}",
    )
    return record_of(backend, result)


def start_two(site: Site, *arguments: str, **patience: float) -> WorkerProcess:
    """Start a parent; its constants are given as `child__SILENCE=2`."""
    constants = {name.replace("__", "."): value for name, value in patience.items()}
    return site.start(*TWO, *arguments, ready=False, WORKER_PATIENCE=json.dumps(constants))


def pids(backend: JobBackend) -> set[int]:
    return {worker.pid for worker in backend.broker.inspection.workers()}


def wait_for_two(backend: JobBackend) -> set[int]:
    wait_until(lambda: len(pids(backend)) == 2, "not two processes work")
    return pids(backend)


def wait_until_gone(backend: JobBackend, old: set[int]) -> None:
    """Wait for the end of workers: a parent says that one was replaced before it is told to go."""
    wait_until(lambda: not old & pids(backend), "replaced workers still take jobs")


def hear_that_all_serve(systemd: socket.socket) -> None:
    while not systemd.recv(1000).startswith(b"READY=1\n"):
        pass


def hear_until_the_end(systemd: socket.socket) -> None:
    while systemd.recv(1000):
        pass
