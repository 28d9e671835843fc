"""Retry: how often, how long between, and for which errors."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs.tasks.retry import Backoff, Retry
from django_jobs.validation.ranges import LONGEST_TIME

FAILURE = OSError("no route")


class ParcelLostError(OSError):
    """An error of a site."""


PARCEL_LOST = f"{__name__}.ParcelLostError"


def wait_two_seconds(error: BaseException, result: Any) -> float:
    return 2.0


def exact(**options: Any) -> Retry:
    return Retry(**{"jitter": 0, **options})


def test_the_last_attempt_is_not_followed_by_another() -> None:
    retry = exact(attempts=3, wait=1)

    assert [retry.delay(attempt, FAILURE) for attempt in (1, 2, 3, 4)] == [1, 1, None, None]


@pytest.mark.parametrize("attempt", [1, 2, 5, 24])
def test_the_default_wait_is_the_curve_of_sidekiq(attempt: int) -> None:
    count = attempt - 1

    delays = [Retry().delay(attempt, FAILURE) for _ in range(200)]

    for delay in delays:
        assert delay is not None
        assert count**4 + 15 <= delay <= count**4 + 15 + 10 * (count + 1)


def test_by_default_there_are_25_attempts() -> None:
    assert Retry().delay(24, FAILURE) is not None
    assert Retry().delay(25, FAILURE) is None


@pytest.mark.parametrize("wait", [90, 90.0, timedelta(seconds=90)])
def test_a_wait_is_seconds_or_a_timedelta(wait: Any) -> None:
    assert exact(wait=wait).delay(1, FAILURE) == 90


def test_the_last_step_of_a_sequence_is_repeated() -> None:
    retry = exact(wait=[1, timedelta(minutes=1), 5])

    assert [retry.delay(attempt, FAILURE) for attempt in (1, 2, 3, 4, 9)] == [1, 60, 5, 5, 5]


def test_a_function_is_given_the_attempt_and_the_error() -> None:
    given: list[Any] = []

    def wait(attempt: int, error: BaseException) -> timedelta:
        given.append((attempt, error))
        return timedelta(seconds=attempt)

    assert exact(wait=wait).delay(7, FAILURE) == 7
    assert given == [(7, FAILURE)]


def test_a_function_may_ask_for_a_time_in_the_past() -> None:
    assert exact(wait=lambda attempt, error: -5).delay(1, FAILURE) == 0


@pytest.mark.parametrize("wait", [math.nan, math.inf, LONGEST_TIME + 1])
def test_a_function_may_not_ask_for_what_is_no_time(wait: float) -> None:
    with pytest.raises(ValueError, match="give seconds or a timedelta"):
        exact(wait=lambda attempt, error: wait).delay(1, FAILURE)


def test_jitter_adds_at_most_its_share() -> None:
    retry = Retry(wait=100, jitter=0.5)

    delays = [retry.delay(1, FAILURE) for _ in range(200)]

    assert all(delay is not None and 100 <= delay <= 150 for delay in delays)
    assert len(set(delays)) > 1


def test_no_wait_with_its_jitter_is_longer_than_the_longest() -> None:
    assert Retry(wait=LONGEST_TIME, jitter=1).delay(1, FAILURE) == LONGEST_TIME


@pytest.mark.parametrize("on", [OSError, (ValueError, OSError), "builtins.OSError", PARCEL_LOST])
def test_an_error_of_a_listed_kind_is_tried_again(on: Any) -> None:
    assert exact(wait=1, on=on).delay(1, ParcelLostError()) == 1


@pytest.mark.parametrize("on", [ValueError, "builtins.ValueError", "elsewhere.ParcelLostError"])
def test_an_error_of_another_kind_is_not_tried_again(on: Any) -> None:
    assert exact(wait=1, on=on).delay(1, ParcelLostError()) is None


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"attempts": 1_000_001},
        {"attempts": "3"},
        {"wait": -1},
        {"wait": []},
        {"wait": "soon"},
        {"wait": [1, None]},
        {"jitter": 1.1},
        {"on": "OSError"},
        {"on": 3},
    ],
    ids=repr,
)
def test_a_value_out_of_range_is_refused_by_its_name(options: dict[str, Any]) -> None:
    (name,) = options

    with pytest.raises(ImproperlyConfigured, match=rf"^Retry\({name}="):
        Retry(**options)


# --- backoff -------------------------------------------------------------------------------------


def test_a_backoff_is_given_the_error_and_the_result() -> None:
    given: list[Any] = []

    def backoff(error: BaseException, result: Any) -> int:
        given.append((error, result))
        return 3

    retry = exact(wait=Backoff(backoff))

    assert retry.delay(1, FAILURE, lambda: "the result") == 3
    assert given == [(FAILURE, "the result")]


def test_a_backoff_that_returns_none_ends_the_attempts() -> None:
    assert exact(wait=Backoff(lambda error, result: None)).delay(1, FAILURE) is None


def test_a_backoff_may_be_named_by_its_path() -> None:
    assert exact(wait=Backoff(f"{__name__}.wait_two_seconds")).delay(1, FAILURE) == 2


def test_a_path_that_leads_to_no_function_is_an_import_error() -> None:
    with pytest.raises(ImportError, match="is not a function"):
        Backoff(f"{__name__}.PARCEL_LOST").load()
