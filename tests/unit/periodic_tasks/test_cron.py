"""Schedules: what a cron line means in a time zone, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given, settings
from hypothesis import strategies as st

from django_jobs.errors import InvalidSchedule
from django_jobs.periodic_tasks.cron import CronSchedule

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "UTC",
)
# In 2018 São Paulo still changed its clocks, at midnight; Samoa left out a whole day in 2011.
YEARS = (*((zone, 2026) for zone in ZONES), ("America/Sao_Paulo", 2018), ("Pacific/Apia", 2011))


# The days before the clocks change.
EVES = (
    ("America/New_York", "2026-03-07"),
    ("America/New_York", "2026-10-31"),
    ("Europe/Berlin", "2026-03-28"),
    ("Europe/Berlin", "2026-10-24"),
    ("Australia/Lord_Howe", "2026-04-03"),
    ("Australia/Lord_Howe", "2026-10-02"),
    ("America/Sao_Paulo", "2018-02-17"),
    ("America/Sao_Paulo", "2018-11-03"),
    ("America/Havana", "2026-10-31"),
    ("Pacific/Apia", "2011-12-29"),
)


def utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def ticks(schedule: CronSchedule, start: datetime, end: datetime) -> list[datetime]:
    """All ticks after the start, up to the end."""
    found = []
    while (start := schedule.next(start)) <= end:
        found.append(start)
    return found


def local_ticks(line: str, zone: str, start: str, end: str) -> list[str]:
    """All ticks between two UTC times, as the zone's clocks show them."""
    schedule = CronSchedule.parse(line, zone)
    span = (datetime.fromisoformat(f"{time}+00:00") for time in (start, end))
    return [f"{tick.astimezone(schedule.timezone):%d. %H:%M %Z}" for tick in ticks(schedule, *span)]


def watched(zone: ZoneInfo, start: datetime, end: datetime, step: timedelta) -> Iterator[tuple]:
    """Each moment after the start, what the clocks show, and which times they pass or jump over.

    Times that were passed before, in the first pass of a repeated hour, are not passed again.
    """
    passed = start.astimezone(zone).replace(tzinfo=None)
    while (start := start + step) <= end:
        wall = start.astimezone(zone).replace(tzinfo=None, fold=0)
        yield start, wall, [passed + step * n for n in range(1, (wall - passed) // step + 1)]
        passed = max(passed, wall)


# --- the two sorts of lines, on the days on which the clocks change ------------------------------


def test_a_fixed_hour_that_comes_twice_ticks_at_its_first_coming() -> None:
    assert local_ticks(
        "30 1 * * *", "America/New_York", "2026-10-31T12:00", "2026-11-02T12:00"
    ) == ["01. 01:30 EDT", "02. 01:30 EST"]
    assert local_ticks("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-26T12:00") == [
        "25. 02:30 CEST",
        "26. 02:30 CET",
    ]


def test_a_fixed_hour_that_is_skipped_ticks_when_the_clocks_change() -> None:
    assert local_ticks(
        "30 2 * * *", "America/New_York", "2026-03-07T12:00", "2026-03-09T12:00"
    ) == ["08. 03:00 EDT", "09. 02:30 EDT"]
    assert local_ticks(
        "0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", "2018-11-05T12:00"
    ) == [
        "04. 01:00 -02",
        "05. 00:00 -02",
    ]


def test_all_times_that_are_skipped_together_are_one_tick() -> None:
    assert local_ticks(
        "*/20 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T12:00"
    ) == ["29. 03:00 CEST", "29. 03:20 CEST", "29. 03:40 CEST"]


def test_half_an_hour_is_skipped_or_comes_twice_on_lord_howe() -> None:
    zone = "Australia/Lord_Howe"
    assert local_ticks("*/15 2 * * *", zone, "2026-10-03T12:00", "2026-10-03T18:00") == [
        "04. 02:30 +11",
        "04. 02:45 +11",
    ]
    assert local_ticks("*/15 1 * * *", zone, "2026-04-04T12:00", "2026-04-04T18:00") == [
        "05. 01:00 +11",
        "05. 01:15 +11",
        "05. 01:30 +11",
        "05. 01:45 +11",
    ]
    assert local_ticks("*/15 * * * *", zone, "2026-04-04T14:20", "2026-04-04T15:40") == [
        "05. 01:30 +11",
        "05. 01:45 +11",
        "05. 01:30 +1030",
        "05. 01:45 +1030",
        "05. 02:00 +1030",
    ]


@pytest.mark.parametrize("line", ["30 * * * *", "30 0-23 * * *", "30 */1 * * *", "30 H/1 * * *"])
def test_a_line_for_every_hour_ticks_in_both_passes_and_never_in_a_skipped_hour(line: str) -> None:
    assert local_ticks(line, "America/New_York", "2026-11-01T04:00", "2026-11-01T07:59") == [
        "01. 00:30 EDT",
        "01. 01:30 EDT",
        "01. 01:30 EST",
        "01. 02:30 EST",
    ]
    assert local_ticks(line, "America/New_York", "2026-03-08T06:00", "2026-03-08T07:59") == [
        "08. 01:30 EST",
        "08. 03:30 EDT",
    ]


def test_a_line_for_every_second_hour_ticks_whenever_the_clocks_show_its_time() -> None:
    zone = "Europe/Berlin"
    assert local_ticks("0 */2 * * *", zone, "2026-10-24T21:00", "2026-10-25T04:00") == [
        "25. 00:00 CEST",
        "25. 02:00 CEST",
        "25. 02:00 CET",
        "25. 04:00 CET",
    ]
    assert local_ticks("0 */2 * * *", zone, "2026-03-28T22:00", "2026-03-29T03:00") == [
        "29. 00:00 CET",
        "29. 04:00 CEST",
    ]


days = st.sampled_from(EVES) | st.tuples(
    st.sampled_from(ZONES), st.dates(date(2020, 1, 1), date(2030, 1, 1)).map(str)
)


@settings(max_examples=100, deadline=None)
@given(
    day=days,
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=4),
    hours=st.none() | st.sets(st.integers(0, 3) | st.integers(0, 23), min_size=1, max_size=23),
)
def test_ticks_are_what_watching_the_clock_for_two_days_would_give(
    day: tuple[str, str], minutes: set[int], hours: set[int] | None
) -> None:
    zone = ZoneInfo(day[0])
    schedule = CronSchedule(
        f"{','.join(map(str, minutes))} {','.join(map(str, hours)) if hours else '*'} * * *", zone
    )
    start = datetime.fromisoformat(f"{day[1]}T00:00+00:00")  # in no zone a repeated hour
    end = start + timedelta(days=2)

    def is_named(wall: datetime) -> bool:
        return wall.minute in minutes and (hours is None or wall.hour in hours)

    expected = []
    for moment, wall, passing in watched(zone, start, end, MINUTE):
        if any(map(is_named, passing)) if hours else is_named(wall):
            expected.append(moment)
    assert ticks(schedule, start, end) == expected
    after = start
    while expected:
        assert schedule.next(after) == expected[0]
        after += 13 * MINUTE + SECOND
        expected = [tick for tick in expected if tick > after]


@pytest.mark.parametrize(("name", "year"), YEARS)
@pytest.mark.parametrize("line", ["30 1 * * *", "30 2 * * *", "15 0,1,2,3,23 * * *"])
def test_no_time_of_a_fixed_line_is_missing_or_comes_twice_in_a_year(
    line: str, name: str, year: int
) -> None:
    zone = ZoneInfo(name)
    fields = line.split()
    hours = {int(hour) for hour in fields[1].split(",")}
    start, end = utc(year, 1, 1), utc(year + 1, 1, 1)
    expected = [
        moment
        for moment, _, passing in watched(zone, start, end, 15 * MINUTE)
        if any(time.hour in hours and time.minute == int(fields[0]) for time in passing)
    ]
    assert ticks(CronSchedule(line, zone), start, end) == expected


# --- next and latest ------------------------------------------------------------------------------

# Fractions of a second included.
instants = st.integers(0, 100 * 365 * 86_400 * 1000).map(
    lambda milliseconds: utc(1990, 1, 1) + timedelta(milliseconds=milliseconds)
)
lines = st.sampled_from(
    [
        "* * * * *",
        "*/7 * * * *",
        "*/15 1,2,3 * * *",
        "30 2 * * *",
        "0 0 29 2 *",
        "0 0 1 1 *",
        "0 12 31 * *",
        "0 6 30 3 *",
        "0 0 L * *",
        "0 9 * * 1#2",
        "0 9 13 * 5",
        "45 */5 * * *",
        "* * * * * *",
        "* * 1 * * */17",
        "H H * * *",
        "@weekly",
    ]
)


@settings(max_examples=300, deadline=None)
@given(line=lines, zone=st.sampled_from([place[0] for place in YEARS]), instant=instants)
def test_next_and_latest_agree(line: str, zone: str, instant: datetime) -> None:
    schedule = CronSchedule.parse(line, zone, seed="app.tasks.recap")
    following = schedule.next(instant)
    assert following > instant
    assert following.tzinfo is UTC
    assert schedule.latest(following) == following
    assert schedule.latest(following - timedelta(microseconds=1)) == schedule.latest(instant)
    latest = schedule.latest(instant)
    assert latest is not None
    assert latest <= instant
    assert schedule.next(latest) == following


@settings(max_examples=100, deadline=None)
@given(line=lines, zone=st.sampled_from(ZONES), instant=instants)
def test_ticks_only_move_forward(line: str, zone: str, instant: datetime) -> None:
    schedule = CronSchedule.parse(line, zone)
    found = [schedule.next(instant)]
    for _ in range(20):
        found.append(schedule.next(found[-1]))
    assert all(earlier < later for earlier, later in pairwise(found))


def test_the_answer_does_not_depend_on_the_zone_of_the_question() -> None:
    schedule = CronSchedule.parse("0 8 * * *", "Europe/Berlin")
    instant = utc(2026, 5, 1, 12)
    tokyo = instant.astimezone(ZoneInfo("Asia/Tokyo"))
    assert schedule.next(tokyo) == schedule.next(instant) == utc(2026, 5, 2, 6)


def test_there_is_no_latest_tick_when_it_would_be_decades_ago() -> None:
    mondays_on_leap_days = CronSchedule.parse("0 0 29 2 1#5", "UTC")
    assert mondays_on_leap_days.latest(utc(2043, 1, 1)) is None
    assert mondays_on_leap_days.latest(utc(2045, 1, 1)) == utc(2044, 2, 29)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        CronSchedule.parse("0 8 * * *", "UTC").next(utc(2026, 1, 1).replace(tzinfo=None))


def test_threads_share_a_schedule() -> None:
    schedule = CronSchedule.parse("*/5 9-17 * * 1-5", "America/New_York")
    starts = [utc(2026, month, 1) for month in range(1, 13)]
    expected = {start: ticks(schedule, start, start + timedelta(days=3)) for start in starts}
    found: dict[datetime, list[datetime]] = {}

    def ask(start: datetime) -> None:
        found[start] = ticks(schedule, start, start + timedelta(days=3))

    threads = [threading.Thread(target=ask, args=(start,)) for start in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected


# --- what a line may be -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("@daily", utc(2026, 1, 2)),
        ("@Hourly", utc(2026, 1, 1, 1)),
        ("@weekly", utc(2026, 1, 4)),
        ("@monthly", utc(2026, 2, 1)),
        ("@yearly", utc(2027, 1, 1)),
        ("0 8 * * mon-fri", utc(2026, 1, 1, 8)),
        ("0 8 l feb *", utc(2026, 2, 28, 8)),
        ("* * * * * 30", utc(2026, 1, 1, 0, 0, 30)),
        ("  0   8 * * *  ", utc(2026, 1, 1, 8)),
    ],
)
def test_aliases_names_and_seconds_are_understood(line: str, first: datetime) -> None:
    schedule = CronSchedule.parse(line, "UTC", seed="app.tasks.recap")
    assert schedule.next(utc(2026, 1, 1)) == first


def test_h_is_one_time_per_seed() -> None:
    start = utc(2026, 1, 1)
    firsts = {
        CronSchedule.parse("H H * * *", "UTC", seed=f"app.tasks.{number}").next(start)
        for number in range(20)
    }
    assert len(firsts) > 10
    again = CronSchedule.parse("H H * * *", "UTC", seed="app.tasks.0")
    assert again.next(start) == CronSchedule.parse("H H * * *", "UTC", "app.tasks.0").next(start)


def test_schedules_are_values() -> None:
    schedule = CronSchedule.parse("0 8 * * *", "Europe/Berlin")
    assert schedule == CronSchedule("0 8 * * *", ZoneInfo("Europe/Berlin"))
    assert len({schedule, CronSchedule("0 8 * * *", ZoneInfo("Europe/Berlin"))}) == 1
    assert str(schedule) == "0 8 * * * Europe/Berlin"
    with pytest.raises(AttributeError):
        schedule.line = "0 9 * * *"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("zone", "offset"),
    [(UTC, 0), (timezone(timedelta(hours=2)), 2), (ZoneInfo("Asia/Tokyo"), 9), ("Asia/Tokyo", 9)],
)
def test_zones_come_as_names_or_objects(zone: object, offset: int) -> None:
    schedule = CronSchedule.parse("0 12 * * *", zone)  # type: ignore[arg-type]
    start = utc(2026, 1, 1)
    assert schedule.next(start) == start + timedelta(hours=12 - offset)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0 0 30 2 *", r"'0 0 30 2 \*' names a day that never comes: correct its day of month"),
        ("0 0 31 4,6 *", "names a day that never comes"),
        ("0 8 * *", r"'0 8 \* \*' has 4 fields: write minute, hour, day of month, month"),
        ("", "'' has 0 fields"),
        ("0 8 * * * 0 2027", "has 7 fields"),
        ("0 25 * * *", "its hour is '25', write 0-23"),
        ("0 8 * foo *", "its month is 'foo', write 1-12 or jan-dec"),
        ("*/0 8 * * *", r"its minute is '\*/0', write 0-59"),
        ("0 8 * * * 60", "its second is '60', write 0-59"),
        ("0 8 * *\u00a0*", r"\\xa0\*' cannot be read: write one such as '0 8 \* \* \*', in ASCII"),
        ("0 8 * * 1,2#2", "its day of week is '1,2#2'"),
        ("R 8 * * *", "is random, .*: write H instead of R"),
        ("0 r(0-6) * * *", "is random"),
        ("@reboot", "'@reboot' is unknown: write one of @hourly, @daily"),
        ("@daily 5", "is unknown"),
    ],
)
def test_a_bad_line_is_refused_in_one_sentence(line: str, sentence: str) -> None:
    with pytest.raises(InvalidSchedule, match=sentence) as caught:
        CronSchedule.parse(line, "UTC")
    assert isinstance(caught.value, ImproperlyConfigured)
    assert "\n" not in str(caught.value)


@settings(max_examples=300, deadline=None)
@given(line=st.text(st.sampled_from("0123456789*/-,LWHR#?@() \tfrimayöٳ"), max_size=20))
def test_any_text_is_a_schedule_or_refused(line: str) -> None:
    try:
        schedule = CronSchedule.parse(line, "UTC")
    except InvalidSchedule:
        return
    start = utc(2026, 1, 1)
    assert schedule.next(start) > start


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "a\0b", "Europe", None, 3])
def test_an_unknown_zone_is_refused_in_one_sentence(zone: object) -> None:
    with pytest.raises(InvalidSchedule, match="is unknown: give a name such as"):
        CronSchedule.parse("0 8 * * *", zone)  # type: ignore[arg-type]
