"""A site that has run for a while: what its workers would have told, minute by minute."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import TypeAlias

import redis

from django_jobs.brokers.redis import RedisBroker
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.task_stats import TaskStats
from tests.support.clock import CLOCK_KEY, MOVABLE_CLOCK
from tests.support.driver import Driver

MINUTE = 60_000
TaskRow: TypeAlias = tuple[str, str, float, float, float, str]
"""Task, queue, attempts a minute, typical milliseconds, share of failures, and their error."""

TASKS: tuple[TaskRow, ...] = (
    ("shop.tasks.resize_picture", "default", 40, 900, 0.01, "PIL.UnidentifiedImageError"),
    ("shop.tasks.send_receipt", "mailers", 90, 180, 0.03, "smtplib.SMTPServerDisconnected"),
    ("shop.search.index_product", "low", 260, 24, 0.0, ""),
    ("shop.billing.charge", "critical", 12, 1400, 0.06, "shop.billing.CardDeclined"),
    ("shop.reports.nightly_export", "low", 0.02, 90_000, 0.2, "builtins.MemoryError"),
    ("wagtail.search.tasks.insert_or_update_object_task", "default", 9, 60, 0.0, ""),
)


def live_through(
    url: str, namespace: str, minutes: int, every: int = 1, tasks: Sequence[TaskRow] = TASKS
) -> None:
    """Tell a broker what a busy site counts in so many minutes up to now."""
    chance = random.Random(7)
    broker = RedisBroker(url, namespace=namespace, clock=MOVABLE_CLOCK)
    worker = Driver(broker, "shop-web-1:4711:a1b2c3")
    now = int(time.time() * 1000)
    with redis.Redis.from_url(url) as client:
        for ago in range(minutes, -1, -every):
            client.set(CLOCK_KEY, now - ago * MINUTE)
            busy = 0.55 + 0.45 * abs(((ago / 60) % 24) - 12) / 12
            samples = tuple(_sample(chance, *one, busy * every) for one in tasks)
            worker.heartbeat(
                samples=samples,
                succeeded=sum(one.succeeded for one in samples),
                failed=sum(one.failed for one in samples),
            )
    broker.close()


def _sample(
    chance: random.Random,
    task: str,
    queue: str,
    rate: float,
    typical: float,
    failing: float,
    error: str,
    busy: float,
) -> TaskStats:
    count = int(rate * busy * chance.uniform(0.7, 1.3) + chance.random())
    failed = sum(chance.random() < failing for _ in range(count))
    return TaskStats(
        task=task,
        queue=queue,
        succeeded=count - failed,
        failed=failed,
        errors=((error, failed),) if failed else (),
        latency=_times(chance, count, 12),
        duration=_times(chance, count, typical),
    )


def _times(chance: random.Random, count: int, typical: float) -> Histogram:
    counts = [0] * (len(BOUNDS) + 1)
    total = 0
    for _ in range(count):
        time_taken = round(typical * chance.lognormvariate(0, 0.6))
        total += time_taken
        counts[sum(bound < time_taken for bound in BOUNDS)] += 1
    return Histogram(tuple(counts), total)
