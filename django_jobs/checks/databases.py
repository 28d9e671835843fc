"""Checks of the databases, which each thread of a worker has a connection to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_jobs.backends import JobBackend, our_backends
from django_jobs.conf.redis_options import RedisOptions

from .common import TAG, WITH_THREADS, Configs

POOL_DEFAULT = 4
"""The connections of psycopg's pool where neither `min_size` nor `max_size` is given."""

ROOM = """
SELECT current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database())
"""
"""How many connections the server, the user and the database may have; -1 for no limit."""


class Need(NamedTuple):
    """The connections that one `runworker`, or one web process, opens to a database.

    Attributes:
        processes: how many there are.
        each: connections of each process.
    """

    processes: int
    each: int

    @property
    def total(self) -> int:
        return self.processes * self.each

    def __str__(self) -> str:
        if self.processes == 1:
            return str(self.each)
        return f"{self.total} ({self.processes} processes with {self.each} each)"


@register(TAG)
def check_sqlite(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W007: concurrent threads that write to SQLite fail with 'database is locked'."""
    if not any(_backends_with_threads()):
        return
    for alias in connections:
        if _locks_writers_out(connections[alias]):
            yield Warning(
                f"DATABASES[{alias!r}] is SQLite, and jobs run in several threads: two that read"
                " and then write in a transaction end with 'database is locked'.",
                hint=f'Set DATABASES[{alias!r}]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE",'
                ' "timeout": 20}, so that one waits for the other.',
                id="django_jobs.W007",
            )


@register(TAG)
def check_pool(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W010: threads wait for one of too few connections in Django's pool, and fail."""
    for backend in _backends_with_threads():
        threads = backend.configuration.concurrency
        for alias in connections:
            size = pool_size(connections[alias])
            if size is not None and threads > size:
                yield Warning(
                    f"The pool of DATABASES[{alias!r}] has {size} connections in each process, and"
                    f" a worker of TASKS[{backend.alias!r}] {threads} threads. Jobs wait for a"
                    " connection, and fail if none becomes free in time.",
                    hint=f'Set DATABASES[{alias!r}]["OPTIONS"]["pool"] = {{"max_size": {threads}}}'
                    " or more, or lower JOB_CONCURRENCY.",
                    id="django_jobs.W010",
                )


@register(Tags.database)  # not TAG: Django would connect to every database for it
def check_max_connections(
    app_configs: Configs, databases: Collection[str] | None = None, **kwargs: Any
) -> Iterator[CheckMessage]:
    """W011: the server refuses connections, as the threads are more than it accepts."""
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor != "postgresql":
            continue
        try:
            room = _room(connection)
        except DatabaseError as error:
            yield Warning(
                f"DATABASES[{alias!r}] could not be asked how many connections it accepts: {error}",
                id="django_jobs.W011",
            )
            continue
        for backend in _backends_with_threads():
            need = needed_connections(backend, connection)
            if need.total > room:
                yield Warning(
                    f"Workers of TASKS[{backend.alias!r}] open up to {need} connections to"
                    f" DATABASES[{alias!r}], which accepts {room}.",
                    hint="Raise max_connections of PostgreSQL, or the limit of the user or the"
                    " database; lower JOB_PROCESSES or JOB_CONCURRENCY; or put PgBouncer between"
                    " them, and silence this check.",
                    id="django_jobs.W011",
                )


@register(TAG, deploy=True)
def check_reused_connections(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W012: each job opens a connection of its own."""
    if not any(_backends_with_threads()):
        return
    for alias in connections:
        connection = connections[alias]
        if _is_remote(connection) and connection.settings_dict["CONN_MAX_AGE"] == 0:
            yield Warning(
                f"Each job opens a new connection to DATABASES[{alias!r}], as CONN_MAX_AGE is 0.",
                hint='Set "CONN_MAX_AGE": 60 and "CONN_HEALTH_CHECKS": True; or, on PostgreSQL and'
                ' under ASGI, CONN_MAX_AGE 0 with "OPTIONS": {"pool": {"max_size": …}}.',
                id="django_jobs.W012",
            )


@register(TAG, deploy=True)
def check_health_of_connections(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W013: jobs fail with connections that a restart of the database has closed."""
    if not any(_backends_with_threads()):
        return
    for alias in connections:
        connection = connections[alias]
        settings = connection.settings_dict
        if (
            _is_remote(connection)
            and settings["CONN_MAX_AGE"] != 0
            and not settings["CONN_HEALTH_CHECKS"]
        ):
            yield Warning(
                f"DATABASES[{alias!r}] keeps connections without checking them. After a restart of"
                " the database, the next job of each thread fails.",
                hint=f'Set DATABASES[{alias!r}]["CONN_HEALTH_CHECKS"] = True.',
                id="django_jobs.W013",
            )


def pool_size(connection: BaseDatabaseWrapper) -> int | None:
    """Return how many connections Django's pool for PostgreSQL has, or None without a pool."""
    pool = connection.settings_dict["OPTIONS"].get("pool")
    if connection.vendor != "postgresql" or not pool:
        return None
    chosen: Mapping[str, Any] = pool if isinstance(pool, Mapping) else {}
    least: int = chosen.get("min_size", POOL_DEFAULT)
    most: int | None = chosen.get("max_size")
    return least if most is None else most


def needed_connections(backend: JobBackend, connection: BaseDatabaseWrapper) -> Need:
    """Return how many connections the threads of a backend's processes open."""
    options = backend.configuration
    processes = options.processes if isinstance(options, RedisOptions) else 1
    size = pool_size(connection)
    each = options.concurrency if size is None else min(size, options.concurrency)
    return Need(processes, each)


def _backends_with_threads() -> Iterator[JobBackend]:
    return (backend for backend in our_backends() if isinstance(backend, WITH_THREADS))


def _is_remote(connection: BaseDatabaseWrapper) -> bool:
    """Return whether a connection costs time to open, and can break; a pool sees to both."""
    return connection.vendor != "sqlite" and pool_size(connection) is None


def _room(connection: BaseDatabaseWrapper) -> int:
    """Return the smallest of the limits that hold for a connection."""
    with connection.cursor() as cursor:
        cursor.execute(ROOM)
        limits: tuple[int, ...] = cursor.fetchone()
    return min(limit for limit in limits if limit >= 0)


def _locks_writers_out(connection: BaseDatabaseWrapper) -> bool:
    """Return whether SQLite refuses a reader that starts to write while another one writes."""
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode") or "DEFERRED"
    return connection.vendor == "sqlite" and mode.upper() == "DEFERRED"
