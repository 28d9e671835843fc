"""The options of a worker, from the command line and the settings."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.conf.queues import QueueWeight, queue_weights
from django_jobs.worker.background.host import resident_memory
from django_jobs.worker.options import WorkerOptions

EARLIEST_REPLACEMENT = 0.8
"""Fraction of `--max-jobs` after which one of several processes may ask to be replaced."""

SAME_NAME = (
    *("concurrency", "async_concurrency", "shutdown_timeout", "strict"),
    *("burst", "max_jobs", "max_memory", "restart_after_timeout"),
)
"""Arguments that set the worker option of the same name."""


def chosen_options(backend: JobBackend, arguments: Mapping[str, Any]) -> WorkerOptions:
    """Return the options of the backend, changed by the arguments that are given.

    Raises:
        CommandError: a queue or a limit cannot be used.
    """
    given = {name: arguments[name] for name in SAME_NAME if arguments[name] is not None}
    if arguments["burst"]:  # nothing would start the next worker
        given |= {"max_jobs": arguments["max_jobs"]}
        given |= {"max_memory": None, "restart_after_timeout": False}
    if arguments["queues"]:
        given["queues"] = named_queues(backend, arguments["queues"])
    options = dataclasses.replace(backend.worker_options(), **given)
    if options.max_memory is not None and resident_memory() is None:
        raise CommandError(
            "max_memory works only where /proc says how much memory a process takes, as on Linux."
            " Leave it out here."
        )
    return options


def replaceable(options: WorkerOptions) -> WorkerOptions:
    """Return options for a worker that asks its parent for a replacement before it ends.

    Each asks a little before `--max-jobs`, at random, so that they are not all replaced at once.
    """
    if options.burst:
        return options
    options = dataclasses.replace(options, replaceable=True)
    if options.max_jobs is None:
        return options
    recycle_after = max(1, round(options.max_jobs * random.uniform(EARLIEST_REPLACEMENT, 1)))
    return dataclasses.replace(options, max_jobs=None, recycle_after=recycle_after)


def named_queues(backend: JobBackend, given: Sequence[QueueWeight]) -> tuple[QueueWeight, ...]:
    """Return the queues given with `-q`.

    Raises:
        CommandError: one is named twice, or no task can use it.
    """
    try:
        queues = queue_weights(given)
    except ValueError as error:
        raise CommandError(f"-q: {error}") from error
    unknown = [
        queue.name for queue in queues if backend.queues and queue.name not in backend.queues
    ]
    if unknown:
        raise CommandError(
            f"No task can use the queue {unknown[0]!r}: TASKS[{backend.alias!r}]['QUEUES'] has"
            f" {', '.join(sorted(backend.queues))}. Add it there or to JOB_QUEUES, or correct -q."
        )
    return queues
