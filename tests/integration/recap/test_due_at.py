"""The times at which stored recap settings are due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from time_machine import Traveller

from django_jobs.recap.models import RecapSettings
from tests.integration.recap.helpers import MakeUser

pytestmark = pytest.mark.django_db


def may(day: int, hour: int) -> datetime:
    return datetime(2026, 5, day, hour, tzinfo=UTC)


def due_at() -> datetime | None:
    return RecapSettings.objects.get().due_at


@pytest.mark.usefixtures("clock")
def test_a_new_choice_starts_in_the_future(make_user: MakeUser) -> None:
    make_user(hour=8)

    assert due_at() == may(21, 6)


@pytest.mark.usefixtures("clock")
def test_a_later_hour_of_the_same_day_is_due_today(make_user: MakeUser) -> None:
    make_user(hour=9)

    assert due_at() == may(20, 7)


@pytest.mark.usefixtures("clock")
def test_a_change_moves_it_also_where_only_that_field_is_saved(make_user: MakeUser) -> None:
    choice = make_user(hour=8).recap_settings
    choice.hour = 10
    choice.save(update_fields=["hour"])

    assert due_at() == may(20, 8)


def test_a_recap_that_waits_for_the_tick_is_not_lost_by_saving_again(
    make_user: MakeUser, clock: Traveller
) -> None:
    choice = make_user(hour=9).recap_settings
    clock.move_to(may(20, 7))
    choice.save()

    assert due_at() == may(20, 7)


@pytest.mark.usefixtures("clock")
def test_switched_off_it_is_never_due(make_user: MakeUser) -> None:
    choice = make_user(hour=9).recap_settings
    choice.enabled = False
    choice.save()

    assert due_at() is None


def test_switched_on_again_it_starts_in_the_future(make_user: MakeUser, clock: Traveller) -> None:
    choice = make_user(hour=9, enabled=False).recap_settings
    clock.move_to(may(25, 12))
    choice.enabled = True
    choice.save()

    assert due_at() == may(26, 7)


def test_an_invalid_time_zone_is_refused(make_user: MakeUser) -> None:
    choice = RecapSettings(user=make_user(), time_zone="Mars/Olympus")

    with pytest.raises(ValidationError, match="“Mars/Olympus” is not a valid time zone"):
        choice.full_clean()


def test_an_unknown_time_zone_falls_back_to_the_sites(
    make_user: MakeUser, caplog: pytest.LogCaptureFixture
) -> None:
    choice = make_user(time_zone="Mars/Olympus").recap_settings

    assert choice.wanted.zone.key == "UTC"
    assert "unknown time zone 'Mars/Olympus'" in caplog.text


def test_rows_name_their_user(make_user: MakeUser) -> None:
    user = make_user(hour=8)

    assert str(user.recap_settings) == f"recap settings of user {user.pk}"
