"""Reads the metrics of brokers for a registry of `prometheus_client`."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from django_jobs.backends import our_backends
from django_jobs.brokers.base import Broker
from django_jobs.brokers.prometheus import Family, families
from django_jobs.errors import BrokerError

logger = logging.getLogger("django_jobs")

TOTAL = "_total"
"""The suffix of counters, which prometheus_client adds by itself."""


class JobsCollector(Collector):
    """The metrics of brokers, read at each scrape.

    They are those of the dashboard's `prometheus/`, each with the label `backend`, and
    `django_jobs_up`, which is 0 for a backend whose broker does not answer.

    Args:
        aliases: the backends in `TASKS`; by default all of django_jobs.
    """

    def __init__(self, *aliases: str) -> None:
        self._aliases = aliases

    def describe(self) -> Iterable[Metric]:
        """Return nothing: so that registering the collector asks no broker."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield each metric once, with the samples of all backends."""
        up = GaugeMetricFamily("django_jobs_up", "Whether the broker answers.", labels=["backend"])
        found: dict[str, Metric] = {}
        for backend in our_backends():
            if self._aliases and backend.alias not in self._aliases:
                continue
            read = _read(backend.broker)
            up.add_metric([backend.alias], read is not None)
            for family in read or ():
                metric = found.setdefault(family.name, _metric(family))
                _add(metric, family, backend.alias)
        yield up
        yield from found.values()


OF_ALL_BACKENDS = JobsCollector()
"""The one that the app registers; one object, so that it counts once however often that happens."""


def _read(broker: Broker) -> tuple[Family, ...] | None:
    try:
        return tuple(families(broker))
    except BrokerError as error:
        logger.warning("The metrics of jobs can't be read: %s", error)
        return None


def _metric(family: Family) -> Metric:
    return Metric(family.name.removesuffix(TOTAL), family.text, family.kind)


def _add(metric: Metric, family: Family, alias: str) -> None:
    for suffix, labels, value in family.samples:
        # Names of queues can contain lone surrogates, which UTF-8 cannot encode.
        clean = {key: text.encode(errors="replace").decode() for key, text in labels.items()}
        metric.add_sample(f"{family.name}{suffix}", {"backend": alias, **clean}, value)
