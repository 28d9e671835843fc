"""The backend that keeps jobs in Redis, for workers started by `manage.py runworker`."""

from __future__ import annotations

from dataclasses import replace

from django_jobs.brokers.base import Broker
from django_jobs.brokers.redis import RedisBroker
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.worker.options import WorkerOptions

from .base import JobBackend
from .installed import warn_unless_installed
from .per_process import process_instance


class RedisBackend(JobBackend):
    """Keeps jobs in Redis until a worker has run them."""

    persistent = True
    options_class = RedisOptions
    configuration: RedisOptions

    @property
    def broker(self) -> Broker:
        return process_instance(RedisBroker, self.alias, self._made)

    def _made(self) -> RedisBroker:
        warn_unless_installed(self.alias)
        options = self.configuration
        return RedisBroker(
            options.url,
            username=options.username,
            password=options.password,
            sentinel_username=options.sentinel_username,
            sentinel_password=options.sentinel_password,
            namespace=options.namespace,
            lease=options.lease,
            socket_timeout=options.socket_timeout,
        )

    def worker_options(self) -> WorkerOptions:
        configured = self.configuration
        return replace(
            super().worker_options(),
            strict=configured.strict,
            max_jobs=configured.max_jobs,
            max_memory=configured.max_memory,
            restart_after_timeout=configured.restart_after_timeout,
        )
