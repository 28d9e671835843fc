"""The arguments of `runworker`."""

from __future__ import annotations

from argparse import ArgumentParser

from django_jobs.conf.queues import parse_queue
from django_jobs.management.arguments import checked, option


def add_worker_arguments(parser: ArgumentParser) -> None:
    """Add the arguments of `runworker`; None stands for what the backend's options say."""
    add = parser.add_argument
    add(
        *("-q", "--queue"),
        action="append",
        type=checked(parse_queue),
        metavar="NAME[:WEIGHT]",
        dest="queues",
        help="Serve this queue. May be repeated. Defaults to all queues of the backend.",
    )
    add(
        "--strict",
        action="store_true",
        default=None,
        help="Empty each queue before the next, in order.",
    )
    _add_size_arguments(parser)
    _add_stop_arguments(parser)
    log_format, log_level = option("log_format", str), option("log_level", str)
    add("--log-format", type=log_format, metavar="FORMAT", help="Log as text or json.")
    add("--log-level", type=log_level, metavar="LEVEL", help="Log from this level on.")
    add(
        "--backend",
        action="append",
        metavar="ALIAS",
        help="Serve this alias in TASKS. May be repeated. Defaults to 'default'.",
    )
    add("--all-backends", action="store_true", help="Serve all persistent backends in TASKS.")
    add(
        "--probe",
        type=option("probe", str),
        metavar="HOST:PORT",
        help="Answer /live, /ready and /metrics over HTTP at this address.",
    )
    add("--reload", action="store_true", default=None, help="Restart when code changes.")
    add(
        "--no-reload",
        action="store_false",
        dest="reload",
        help="Do not restart, even with DEBUG on.",
    )


def _add_size_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that say how much runs at a time."""
    add = parser.add_argument
    threads, processes = option("concurrency", int), option("processes", int)
    add("-c", "--concurrency", type=threads, metavar="N", help="Threads for plain functions.")
    add(
        "--async-concurrency",
        type=option("async_concurrency", int),
        metavar="N",
        help="Coroutine tasks at a time.",
    )
    add("--processes", type=processes, metavar="N", help="Worker processes, for more cores.")
    add(
        "--no-preload",
        action="store_false",
        default=None,
        dest="preload",
        help="Let each of several processes load the site itself, instead of forking them.",
    )


def _add_stop_arguments(parser: ArgumentParser) -> None:
    """Add the arguments that say when a worker stops by itself, and how long that may take."""
    add = parser.add_argument
    add(
        "--shutdown-timeout",
        type=option("shutdown_timeout", float),
        metavar="SECONDS",
        help="How long running jobs may take to finish when the worker stops.",
    )
    add("--burst", action="store_true", help="Stop once no job is queued.")
    add(
        "--max-jobs",
        type=option("max_jobs", int),
        metavar="N",
        help="Stop after N jobs. One of several processes is replaced instead.",
    )
    add(
        "--max-memory",
        type=option("max_memory", int),
        metavar="MB",
        help="Stop above so many megabytes of RAM. One of several processes is replaced instead.",
    )
    add(
        "--restart-after-timeout",
        action="store_true",
        default=None,
        help="Stop after a timeout in a thread. One of several processes is replaced instead.",
    )
