"""Finds the users whose recap is due, to enqueue one job for each."""

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
"""Users that are held in memory, and locked, at a time."""

GRACE = timedelta(minutes=10)
"""How long a claimed delivery may be on its way to the broker before it counts as lost."""

KEPT = timedelta(days=100)
"""How long deliveries are kept: longer than any period, so that none is delivered again."""


def enqueue_due(task: Task[..., Any], now: datetime) -> int:
    """Enqueue a recap for everybody for whom one is due, then repair and forget old ones.

    Args:
        task: the task to enqueue with a user's primary key and a period's key.
        now: an aware instant.

    Returns:
        How many recaps were enqueued.

    Raises:
        BrokerError: the broker does not answer. A later call enqueues what this one could not.
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
    """Schedule choices that were stored past `save()`, as data migrations and updates do."""
    new = RecapSettings.objects.filter(enabled=True, due_at=None)
    while portion := list(new[:PORTION]):
        _move_on(portion, now)


def _claim_portion(task: Task[..., Any], now: datetime) -> list[str] | None:
    """Claim a delivery for each of the next due users, and move them on to their next period.

    All in one transaction, at whose commit the jobs are pushed.

    Returns:
        The ids of the jobs, or None when nobody is due any more.
    """
    with transaction.atomic(using=_database()):
        waiting = RecapSettings.objects.filter(enabled=True, due_at__lte=now)
        due = list(_locked(waiting.order_by("due_at")))
        if not due:
            return None
        deliveries = _new_deliveries(due, now)
        _enqueue(task, deliveries, now)
        # A second tick may have been as quick: its rows stay, and our jobs find them taken.
        RecapDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        _move_on(due, now)
    return [delivery.job_id for delivery in deliveries]


def _reclaim_portion(task: Task[..., Any], now: datetime) -> list[str]:
    """Enqueue anew what was claimed by somebody who died, or lost the broker, just after that.

    Should the first job exist after all, it finds that the delivery is no longer its own.
    """
    lost = RecapDelivery.objects.filter(state=DeliveryState.CLAIMED, claimed_at__lt=now - GRACE)
    with transaction.atomic(using=_database()):
        deliveries = list(_locked(lost.order_by("claimed_at")))
        _enqueue(task, deliveries, now)
        RecapDelivery.objects.bulk_update(deliveries, ["job_id", "claimed_at"])
    return [delivery.job_id for delivery in deliveries]


def _confirm(task: Task[..., Any], job_ids: Sequence[str]) -> int:
    """Mark the deliveries whose jobs the broker has, and return how many these are.

    The commit tells nothing of that: a broker that is away then does not undo it.
    """
    backend = our_backend(task.backend)
    if backend is not None:
        job_ids = [record.job.id for record in backend.broker.inspection.read(job_ids)]
    claimed = RecapDelivery.objects.filter(job_id__in=job_ids, state=DeliveryState.CLAIMED)
    claimed.update(state=DeliveryState.ENQUEUED)
    return len(job_ids)


def _forget(now: datetime) -> None:
    """Delete deliveries that are too old to matter, a portion at a time."""
    old = RecapDelivery.objects.filter(end__lt=now - KEPT).order_by("end")
    while pks := list(old.values_list("pk", flat=True)[:PORTION]):
        RecapDelivery.objects.filter(pk__in=pks).delete()


def _new_deliveries(due: Sequence[RecapSettings], now: datetime) -> list[RecapDelivery]:
    """Return unsaved deliveries for those of the due users who get a recap now."""
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
    """Store when users are due next: with a query for each instant, as most share one."""
    pks_by_instant = defaultdict(list)
    for chosen in due:
        pks_by_instant[next_due(chosen.wanted, now)].append(chosen.pk)
    for instant, pks in pks_by_instant.items():
        RecapSettings.objects.filter(pk__in=pks).update(due_at=instant)


def _enqueue(task: Task[..., Any], deliveries: Sequence[RecapDelivery], now: datetime) -> None:
    """Enqueue a job for each delivery at the commit, and make the delivery this job's own."""
    calls = [(delivery.user_id, delivery.period) for delivery in deliveries]
    for delivery, result in zip(deliveries, task.bulk_enqueue(calls), strict=True):
        delivery.job_id = result.id
        delivery.claimed_at = now


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return one portion of rows, locked, without waiting for those that others hold."""
    can_skip = connections[_database()].features.has_select_for_update_skip_locked
    return rows.select_for_update(skip_locked=can_skip)[:PORTION]


def _database() -> str:
    return router.db_for_write(RecapDelivery)
