"""Enqueues a job for each user whose recap is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Max, QuerySet

from django_jobs.backends import our_backend
from django_jobs.tasks.definition import Task

from .models import DeliveryState, RecapDelivery, RecapSettings
from .periods import due_period, next_due
from .recipients import eligible

PORTION = 500
"""Users held in memory and locked at a time."""

GRACE = timedelta(minutes=10)
"""How long a claimed delivery may take to reach the broker before it counts as lost."""

KEPT = timedelta(days=100)
"""How long deliveries are kept: longer than any period, so that no recap is sent twice."""


def enqueue_due(task: Task[..., Any], now: datetime) -> int:
    """Enqueue a job for each recap that is due, enqueue lost ones again, and delete old rows.

    Args:
        task: the task, which takes a user's primary key and a period's key.
        now: an aware datetime.

    Returns:
        The number of recaps enqueued.

    Raises:
        BrokerError: the broker does not respond. A later call enqueues the remaining recaps.
    """
    _schedule_new(now)
    enqueued = 0
    while (portion := _claim_portion(task, now)) is not None:
        enqueued += _confirm(task, portion)
    while portion := _reclaim_portion(task, now):
        enqueued += _confirm(task, portion)
    _forget(now)
    return enqueued


def _schedule_new(now: datetime) -> None:
    """Schedule settings stored without `save()`, for example by data migrations."""
    new = RecapSettings.objects.filter(enabled=True, due_at=None)
    while portion := list(new[:PORTION]):
        _move_on(portion, now)


def _claim_portion(task: Task[..., Any], now: datetime) -> list[str] | None:
    """Claim deliveries for the next users who are due, and schedule their next recaps.

    This happens in one transaction, and the jobs are pushed when it commits.

    Returns:
        The ids of the jobs, or None if no more users are due.
    """
    with transaction.atomic(using=_database()):
        waiting = RecapSettings.objects.filter(enabled=True, due_at__lte=now)
        due = list(_locked(waiting.order_by("due_at")))
        if not due:
            return None
        deliveries = _new_deliveries(due, now)
        _enqueue(task, deliveries, now)
        # Another tick may have inserted the same rows. They win, and our jobs then do nothing.
        RecapDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        _move_on(due, now)
    return [delivery.job_id for delivery in deliveries]


def _reclaim_portion(task: Task[..., Any], now: datetime) -> list[str]:
    """Enqueue deliveries again whose jobs did not reach the broker in time.

    If the first job exists after all, it does nothing, because the delivery is no longer its own.
    """
    lost = RecapDelivery.objects.filter(state=DeliveryState.CLAIMED, claimed_at__lt=now - GRACE)
    with transaction.atomic(using=_database()):
        deliveries = list(_locked(lost.order_by("claimed_at")))
        _enqueue(task, deliveries, now)
        RecapDelivery.objects.bulk_update(deliveries, ["job_id", "claimed_at"])
    return [delivery.job_id for delivery in deliveries]


def _confirm(task: Task[..., Any], job_ids: Sequence[str]) -> int:
    """Mark the deliveries whose jobs the broker has, and return their number.

    The commit does not prove it: an unavailable broker does not roll it back.
    """
    backend = our_backend(task.backend)
    if backend is not None:
        job_ids = [record.job.id for record in backend.broker.inspection.read(job_ids)]
    claimed = RecapDelivery.objects.filter(job_id__in=job_ids, state=DeliveryState.CLAIMED)
    claimed.update(state=DeliveryState.ENQUEUED)
    return len(job_ids)


def _forget(now: datetime) -> None:
    """Delete deliveries older than `KEPT`, a portion at a time."""
    old = RecapDelivery.objects.filter(end__lt=now - KEPT).order_by("end")
    while pks := list(old.values_list("pk", flat=True)[:PORTION]):
        RecapDelivery.objects.filter(pk__in=pks).delete()


def _new_deliveries(due: Sequence[RecapSettings], now: datetime) -> list[RecapDelivery]:
    """Return unsaved deliveries for the users who get a recap now."""
    pks = eligible([chosen.user_id for chosen in due])
    known = RecapDelivery.objects.filter(user__in=pks)
    covered = dict(known.values_list("user").annotate(Max("end")))
    periods = {
        chosen.user_id: due_period(chosen.wanted, now, covered.get(chosen.user_id))
        for chosen in due
        if chosen.user_id in pks
    }
    keys = {period.key for period in periods.values() if period}
    had = set(known.filter(period__in=keys).values_list("user", "period"))
    return [
        RecapDelivery(user_id=pk, period=period.key, start=period.start, end=period.end)
        for pk, period in periods.items()
        if period and (pk, period.key) not in had
    ]


def _move_on(due: Sequence[RecapSettings], now: datetime) -> None:
    """Store when users are due next, with one query per time, as most users share one."""
    pks_by_instant = defaultdict(list)
    for chosen in due:
        pks_by_instant[next_due(chosen.wanted, now)].append(chosen.pk)
    for instant, pks in pks_by_instant.items():
        RecapSettings.objects.filter(pk__in=pks).update(due_at=instant)


def _enqueue(task: Task[..., Any], deliveries: Sequence[RecapDelivery], now: datetime) -> None:
    """Enqueue a job for each delivery on commit, and assign the delivery to its job."""
    calls = [(delivery.user_id, delivery.period) for delivery in deliveries]
    for delivery, result in zip(deliveries, task.bulk_enqueue(calls), strict=True):
        delivery.job_id = result.id
        delivery.claimed_at = now


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return a portion of rows, locked, and skip rows that others have locked if possible."""
    can_skip = connections[_database()].features.has_select_for_update_skip_locked
    return rows.select_for_update(skip_locked=can_skip)[:PORTION]


def _database() -> str:
    return router.db_for_write(RecapDelivery)
