"""Which period is due, and when, on clocks of many kinds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_jobs.recap import Frequency, Period
from django_jobs.recap.periods import RecapTime, due_period, next_due

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
DAILY_AT_8 = RecapTime(Frequency.DAILY, 8, BERLIN)

YEARS = [datetime(year, 1, 1) for year in (1995, 2040)]  # noqa: DTZ001  (hypothesis adds it)
instants = st.datetimes(*YEARS, timezones=st.just(UTC))
zones = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "America/Santiago",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    ]
)
times = st.builds(RecapTime, st.sampled_from(Frequency), st.integers(0, 23), zones.map(ZoneInfo))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def due(wanted: RecapTime, now: datetime, covered_until: datetime | None = None) -> Period:
    period = due_period(wanted, now, covered_until)
    assert period is not None
    return period


def test_a_daily_recap_covers_the_day_until_its_hour() -> None:
    period = due(DAILY_AT_8, at("2026-05-20 08:00"))

    assert period == Period(
        Frequency.DAILY, date(2026, 5, 20), at("2026-05-19 08:00"), at("2026-05-20 08:00")
    )
    assert period.key == "daily:2026-05-20"


def test_before_its_hour_the_recap_of_the_day_before_is_the_latest() -> None:
    assert due(DAILY_AT_8, at("2026-05-20 07:59")).key == "daily:2026-05-19"


def test_a_weekly_recap_is_due_on_monday() -> None:
    period = due(RecapTime(Frequency.WEEKLY, 8, BERLIN), at("2026-05-20 12:00"))

    assert period.key == "weekly:2026-05-18"
    assert (period.start, period.end) == (at("2026-05-11 08:00"), at("2026-05-18 08:00"))


def test_a_monthly_recap_is_due_on_the_first() -> None:
    period = due(RecapTime(Frequency.MONTHLY, 8, BERLIN), at("2026-03-31 23:00"))

    assert period.key == "monthly:2026-03-01"
    assert (period.start, period.end) == (at("2026-02-01 08:00"), at("2026-03-01 08:00"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-31 12:00", "2026-02-01 08:00"),
        ("2026-12-31 12:00", "2027-01-01 08:00"),
        ("2028-02-29 12:00", "2028-03-01 08:00"),
        ("2026-05-01 07:59", "2026-05-01 08:00"),
        ("2026-05-01 08:00", "2026-06-01 08:00"),
    ],
)
def test_the_next_monthly_recap_is_on_the_next_first(now: str, expected: str) -> None:
    assert next_due(RecapTime(Frequency.MONTHLY, 8, BERLIN), at(now)) == at(expected)


def test_the_day_is_that_of_the_users_own_time_zone() -> None:
    tokyo = RecapTime(Frequency.DAILY, 8, ZoneInfo("Asia/Tokyo"))

    assert due(tokyo, datetime(2026, 5, 19, 23, 0, tzinfo=UTC)).key == "daily:2026-05-20"


def test_an_hour_that_does_not_exist_comes_when_the_clock_has_jumped() -> None:
    wanted = RecapTime(Frequency.DAILY, 2, NEW_YORK)
    jump = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)

    assert next_due(wanted, at("2026-03-08 00:30", NEW_YORK)) == jump
    assert due(wanted, jump).key == "daily:2026-03-08"
    assert next_due(wanted, jump) == at("2026-03-09 02:00", NEW_YORK)


def test_an_hour_that_exists_twice_comes_the_first_time_only() -> None:
    wanted = RecapTime(Frequency.DAILY, 1, NEW_YORK)
    first = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)

    assert next_due(wanted, at("2026-10-31 12:00", NEW_YORK)) == first
    assert next_due(wanted, first) == at("2026-11-02 01:00", NEW_YORK)
    assert due(wanted, first + timedelta(hours=1)) == due(wanted, first)


def test_the_days_of_both_clock_changes_have_23_and_25_hours() -> None:
    spring = due(DAILY_AT_8, at("2026-03-29 12:00"))
    autumn = due(DAILY_AT_8, at("2026-10-25 12:00"))

    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


def test_a_day_that_a_zone_left_out_has_no_empty_period() -> None:
    """Samoa went from 29 to 31 December 2011."""
    wanted = RecapTime(Frequency.DAILY, 8, ZoneInfo("Pacific/Apia"))
    period = due(wanted, at("2011-12-31 09:00", wanted.zone))

    assert period.key == "daily:2011-12-31"
    assert period.end - period.start == timedelta(days=1)


def test_after_downtime_only_the_latest_period_is_due_at_its_usual_length() -> None:
    period = due(DAILY_AT_8, at("2026-05-20 12:00"), covered_until=at("2026-05-10 08:00"))

    assert (period.start, period.end) == (at("2026-05-19 08:00"), at("2026-05-20 08:00"))


def test_a_covered_period_is_not_due_again() -> None:
    assert due_period(DAILY_AT_8, at("2026-05-20 12:00"), at("2026-05-20 08:00")) is None


@pytest.mark.parametrize("last_hour", ["06:00", "12:00"])
def test_after_a_change_of_the_hour_a_recap_starts_where_the_last_one_ended(
    last_hour: str,
) -> None:
    last = at(f"2026-05-19 {last_hour}")

    assert due(DAILY_AT_8, at("2026-05-20 08:00"), covered_until=last).start == last


@given(times, instants)
def test_the_due_period_is_over_and_the_next_one_is_not(wanted: RecapTime, now: datetime) -> None:
    period = due(wanted, now)

    assert period.start < period.end <= now < next_due(wanted, now)


@given(times, instants)
def test_period_follows_period_without_gap_overlap_or_repetition(
    wanted: RecapTime, now: datetime
) -> None:
    period = due(wanted, now)
    following = due(wanted, next_due(wanted, now), covered_until=period.end)

    assert following.start == period.end
    assert following.end == next_due(wanted, now)
    assert following.key > period.key


@given(times, times, instants, st.integers(0, 72))
def test_changes_of_settings_repeat_nothing(
    before: RecapTime, after: RecapTime, now: datetime, hours: int
) -> None:
    told = due(before, now)
    period = due_period(after, now + timedelta(hours=hours), covered_until=told.end)

    assert period is None or told.end <= period.start < period.end


@given(times, instants)
def test_a_key_gives_its_period_back(wanted: RecapTime, now: datetime) -> None:
    period = due(wanted, now)

    assert Period.from_key(period.key, period.start, period.end) == period
