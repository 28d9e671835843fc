"""Users whose recap is due are found, and their deliveries enqueued."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from pytest_django import DjangoAssertNumQueries, Settings
from time_machine import Traveller

from django_jobs import Rate
from django_jobs.compat import task_backends
from django_jobs.errors import BrokerUnavailable
from django_jobs.jobs.records import Job, State
from django_jobs.recap import enqueue
from django_jobs.recap.models import DeliveryState, RecapDelivery, RecapSettings
from django_jobs.recap.tasks import enqueue_due_recaps, send_recap
from tests.integration.recap.helpers import NOW, MakeUser
from tests.support.redis_server import RedisServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_backend")]

TOMORROW = NOW + timedelta(days=1)


def may(day: int, hour: int) -> datetime:
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def tick(now: datetime) -> int:
    return enqueue.enqueue_due(send_recap, now)


def queued_jobs() -> list[Job]:
    backend: Any = task_backends["default"]
    return [record.job for record in backend.broker.inspection.jobs(State.QUEUED)]


def queued() -> list[str]:
    return [job.id for job in queued_jobs()]


def keys() -> list[str]:
    return sorted(RecapDelivery.objects.values_list("period", flat=True))


@pytest.fixture
def user(make_user: MakeUser, clock: Traveller) -> User:
    """Ada, due every day at 8:00 in Berlin, for the first time tomorrow."""
    return make_user(hour=8)


def test_no_user_is_due_before_the_time(user: User) -> None:
    assert tick(TOMORROW - timedelta(seconds=1)) == 0
    assert queued() == keys() == []


def test_a_user_who_is_due_gets_one_job_that_the_delivery_names(user: User) -> None:
    assert tick(TOMORROW) == 1

    delivery = RecapDelivery.objects.get()
    assert queued() == [delivery.job_id]
    assert (delivery.user, delivery.period) == (user, "daily:2026-05-21")
    assert (delivery.start, delivery.end) == (NOW, TOMORROW)
    assert delivery.state == DeliveryState.ENQUEUED
    assert str(delivery) == f"recap daily:2026-05-21 of user {user.pk}"


def test_no_user_is_due_again_until_the_next_day(user: User) -> None:
    assert [tick(TOMORROW), tick(TOMORROW), tick(TOMORROW + timedelta(hours=23))] == [1, 0, 0]
    assert tick(TOMORROW + timedelta(days=1)) == 1


def test_after_downtime_the_latest_period_is_sent_once(user: User) -> None:
    assert [tick(may(30, 12)), tick(may(30, 13))] == [1, 0]
    assert keys() == ["daily:2026-05-30"]


@pytest.mark.parametrize("hour", [7, 9, 23])
def test_a_change_of_the_hour_gives_no_second_recap_of_the_day(
    user: User, clock: Traveller, hour: int
) -> None:
    tick(TOMORROW)
    clock.move_to(TOMORROW)
    choice = RecapSettings.objects.get()
    choice.hour = hour
    choice.save()

    for quarters in range(4 * 24):
        tick(TOMORROW + quarters * timedelta(minutes=15))
    assert keys()[0] == "daily:2026-05-21"
    assert len(set(keys())) == len(keys()) <= 2


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_change_of_the_time_zone_gives_no_period_twice(
    user: User, clock: Traveller, zone: str
) -> None:
    tick(TOMORROW)
    clock.move_to(TOMORROW)
    choice = RecapSettings.objects.get()
    choice.time_zone = zone
    choice.save()

    for quarters in range(4 * 72):
        tick(TOMORROW + quarters * timedelta(minutes=15))
    deliveries = list(RecapDelivery.objects.order_by("end"))
    assert len({delivery.period for delivery in deliveries}) == len(deliveries)
    for earlier, later in pairwise(deliveries):
        assert earlier.end == later.start


def test_a_change_of_settings_loses_no_recap_that_is_due(user: User, clock: Traveller) -> None:
    clock.move_to(TOMORROW + timedelta(minutes=5))
    RecapSettings.objects.get().save()

    assert tick(TOMORROW + timedelta(minutes=15)) == 1


def test_a_user_who_is_no_longer_eligible_gets_nothing_and_is_rescheduled(user: User) -> None:
    User.objects.update(is_staff=False)

    assert tick(TOMORROW) == 0
    assert RecapSettings.objects.get().due_at == TOMORROW + timedelta(days=1)


def test_a_user_who_switched_recaps_off_is_not_due(user: User) -> None:
    choice = RecapSettings.objects.get()
    choice.enabled = False
    choice.save()

    assert tick(TOMORROW) == 0


def test_settings_stored_without_save_are_scheduled_by_the_next_tick(user: User) -> None:
    RecapSettings.objects.update(due_at=None)

    assert tick(NOW) == 0
    assert RecapSettings.objects.get().due_at == TOMORROW


def test_a_user_switched_off_without_save_gets_nothing(user: User) -> None:
    RecapSettings.objects.update(enabled=False)

    assert tick(TOMORROW) == 0
    assert keys() == []


def test_users_are_taken_in_portions_with_few_queries(
    make_user: MakeUser,
    clock: Traveller,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    monkeypatch.setattr(enqueue, "PORTION", 10)
    for number in range(25):
        make_user(f"user{number}", hour=8)

    with django_assert_max_num_queries(45):
        assert tick(TOMORROW) == 25
    assert len(queued()) == RecapDelivery.objects.count() == 25


def test_a_tick_that_is_rolled_back_leaves_nothing(user: User) -> None:
    with transaction.atomic():
        tick(TOMORROW)
        transaction.set_rollback(True)

    assert queued() == keys() == []
    assert tick(TOMORROW) == 1


def test_deliveries_claimed_while_redis_was_down_are_enqueued_by_a_later_tick(
    user: User, settings: Settings, redis_server_factory: Callable[..., RedisServer]
) -> None:
    server = redis_server_factory()
    settings.TASKS = {"default": {**settings.TASKS["default"], "OPTIONS": {"url": server.url}}}
    server.kill9()
    with pytest.raises(BrokerUnavailable):
        tick(TOMORROW)
    lost = RecapDelivery.objects.get()
    server.start()

    assert tick(TOMORROW + timedelta(minutes=5)) == 0, "it may still be on its way"
    assert tick(TOMORROW + timedelta(minutes=15)) == 1
    assert tick(TOMORROW + timedelta(minutes=30)) == 0
    found = RecapDelivery.objects.get()
    assert queued() == [found.job_id] != [lost.job_id]
    assert found.state == DeliveryState.ENQUEUED


def test_old_deliveries_are_forgotten(user: User) -> None:
    tick(TOMORROW)
    RecapSettings.objects.all().delete()
    tick(TOMORROW + timedelta(days=99))
    assert len(keys()) == 1

    tick(TOMORROW + timedelta(days=101))
    assert keys() == []


def test_the_periodic_task_takes_the_time_of_the_clock(user: User, clock: Traveller) -> None:
    clock.move_to(TOMORROW)

    assert enqueue_due_recaps.func() == 1
    assert [job.queue for job in queued_jobs()] == ["mailers"]


def test_the_limits_of_the_setting_hold_for_each_recap(
    user: User, clock: Traveller, settings: Settings
) -> None:
    settings.JOB_RECAP = {**settings.JOB_RECAP, "LIMITS": Rate(2, per=60, name="mail server")}
    clock.move_to(TOMORROW)

    enqueue_due_recaps.func()

    (job,) = queued_jobs()
    (limit,) = job.limits
    assert (limit.name, limit.n, limit.per) == ("mail server", 2, 60_000)


def test_without_a_persistent_backend_a_stored_choice_is_kept_and_ignored(
    user: User, clock: Traveller, settings: Settings
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_jobs.backends.DummyBackend"}}
    clock.move_to(TOMORROW)

    assert enqueue_due_recaps.func() == 0
    assert RecapSettings.objects.get().due_at == TOMORROW
    assert keys() == []
