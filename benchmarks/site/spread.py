"""Enqueues no-op jobs to all backends at once: `python -m benchmarks.site.spread VERB COUNT`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import django

CHUNK = 100
"""The number of jobs in a bulk call."""

THREADS = 3
"""So that a server that is busy with one call keeps no other server from its next one."""


def main(verb: str, count: int) -> None:
    """Enqueue so many jobs, by `bulk` or `single` calls, and print what it took.

    The number is a multiple of what the threads send at a time.
    """
    django.setup()
    from benchmarks.site.several import ALIASES
    from benchmarks.site.tasks import noop
    from django_jobs.management.target import job_backend

    def enqueue(number: int) -> None:
        task = noop.using(backend=ALIASES[number % len(ALIASES)])
        call: Callable[[], object]
        if verb == "bulk":
            each, jobs = CHUNK, [(job,) for job in range(CHUNK)]
            call = lambda: task.bulk_enqueue(jobs)  # noqa: E731
        else:
            each, call = 1, lambda: task.enqueue(0)
        for _ in range(count // THREADS // each):
            call()

    with ThreadPoolExecutor(THREADS) as pool:
        for alias in ALIASES:  # the first call connects
            job_backend(alias).broker.inspection.counts()
        began, cpu = time.perf_counter(), time.process_time()
        list(pool.map(enqueue, range(THREADS)))
        took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(took))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
