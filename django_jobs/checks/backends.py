"""Checks of the backends in `TASKS`, and of the store in which they keep jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

from django_jobs.backends import our_backends
from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import BEATS
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.errors import BrokerError

from .common import TAG, USE_REDIS, Configs
from .shared_caches import caches_in_database


@register(TAG, deploy=True)
def check_jobs_survive(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W001: in production, jobs are lost whenever the web process restarts."""
    for backend in our_backends():
        if not settings.DEBUG and not backend.persistent:
            yield Warning(
                f"The jobs of TASKS[{backend.alias!r}] do not outlive the process that enqueued"
                " them.",
                hint=f"{USE_REDIS} If losing jobs is acceptable here, silence this check.",
                id="django_jobs.W001",
            )


@register(TAG, deploy=True)
def check_brokers(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W005: the configuration of Redis endangers jobs, or Redis does not answer."""
    for backend in our_backends():
        for problem in _problems(backend.broker):
            yield Warning(f"TASKS[{backend.alias!r}]: {problem}", id="django_jobs.W005")


@register(TAG, deploy=True)
def check_lease(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W009: one slow call to Redis may cost a worker its lease, and with it its jobs."""
    for backend in our_backends():
        options = backend.configuration
        if isinstance(options, RedisOptions):
            least = options.socket_timeout / (1 - 1 / BEATS)
            if options.lease < least:
                yield Warning(
                    f"TASKS[{backend.alias!r}]: a lease of {options.lease:g} s can end while one"
                    f" heartbeat waits for Redis, which may take {options.socket_timeout:g} s"
                    " (socket_timeout). The jobs of that worker would run twice.",
                    hint=f"Set lease to {least:g} or more, or lower socket_timeout.",
                    id="django_jobs.W009",
                )


@register(TAG)
def check_cache(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W014: clearing the cache deletes every job."""
    for backend in our_backends():
        options = backend.configuration
        if not isinstance(options, RedisOptions):
            continue
        for alias in caches_in_database(options.url, settings.CACHES):
            yield Warning(
                f"CACHES[{alias!r}] is in the same database of Redis as the jobs of"
                f" TASKS[{backend.alias!r}]. cache.clear() empties that database.",
                hint="Give the cache another server, as it evicts what it has no room for, or at"
                " least another database, such as redis://HOST:6379/1.",
                id="django_jobs.W014",
            )


def _problems(broker: Broker) -> tuple[str, ...]:
    try:
        return tuple(map(str, broker.config_warnings()))
    except BrokerError as error:
        return (str(error),)
