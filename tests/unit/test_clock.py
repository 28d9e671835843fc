"""Instants and milliseconds are turned into each other without loss."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from django_jobs.clock import from_ms, now_ms, now_us, to_ms, uptime

FOUR_HOURS_AHEAD = timezone(timedelta(hours=4))


def test_milliseconds_count_from_1970_in_utc() -> None:
    assert from_ms(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert to_ms(datetime(1970, 1, 1, 4, tzinfo=FOUR_HOURS_AHEAD)) == 0


def test_a_naive_datetime_is_in_the_time_zone_of_the_site(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Kolkata"

    assert to_ms(datetime(1970, 1, 1, 5, 30)) == 0  # noqa: DTZ001


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_000))
def test_every_millisecond_comes_back(milliseconds: int) -> None:
    assert to_ms(from_ms(milliseconds)) == milliseconds


def test_the_clocks_go_on() -> None:
    before = uptime(), now_us()

    assert now_us() // 1000 <= now_ms() + 1
    assert (uptime(), now_us()) >= before
