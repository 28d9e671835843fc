"""Values of options are converted, or refused with what to give instead."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

import pytest

from django_jobs.validation.validators import (
    Duration,
    Number,
    WholeNumber,
    boolean,
    format_duration,
    matching,
    secret,
    short_repr,
    string_list,
)

RULES = {
    "whole": WholeNumber(1, 1000),
    "number": Number(0, 1),
    "span": Duration(0, 60),
    "word": matching("[a-z]+", "a word"),
    "switch": boolean,
    "texts": string_list,
}


class WithoutRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("rule", "given", "taken"),
    [
        ("whole", 1, 1),
        ("whole", 5.0, 5),
        ("whole", 1000, 1000),
        ("number", 0, 0.0),
        ("number", 0.5, 0.5),
        ("span", 7, 7.0),
        ("span", timedelta(seconds=0.5), 0.5),
        ("word", "abc", "abc"),
        ("switch", False, False),
        ("texts", ["a", "b"], ("a", "b")),
        ("texts", (), ()),
    ],
)
def test_a_good_value_is_converted(rule: str, given: Any, taken: Any) -> None:
    converted = RULES[rule](given)  # type: ignore[operator]

    assert (converted, type(converted)) == (taken, type(taken))


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        *[("whole", value) for value in (0, 1001, 1.5, True, "7", None, math.nan, math.inf)],
        *[("number", value) for value in (-0.1, 1.1, True, "0", math.nan, timedelta(0))],
        *[("span", value) for value in (-1, 61, True, "7", math.inf, timedelta(hours=1))],
        *[("word", value) for value in ("", "Abc", "a b", "ä", 3)],
        *[("switch", value) for value in (0, 1, "True", None)],
        *[("texts", value) for value in ("abc", ["a", ""], ["__"], [1], {"a"})],
    ],
)
def test_a_bad_value_is_refused(rule: str, given: Any) -> None:
    with pytest.raises(ValueError, match=r"^give .*, not "):
        RULES[rule](given)  # type: ignore[operator]


def test_a_rule_says_which_values_it_takes() -> None:
    assert str(WholeNumber(1, 1_000_000)) == "a whole number from 1 to 1,000,000"
    assert str(Number(0, 1)) == "a number from 0 to 1"
    assert str(Duration(0.001, 3600)) == "seconds or a timedelta, from 0.001 seconds to 1 hour"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 seconds"),
        (60, "1 minute"),
        (90, "90 seconds"),
        (7200, "2 hours"),
        (86_400, "1 day"),
        (100 * 365 * 86_400, "100 years"),
    ],
)
def test_a_time_is_written_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_a_secret_is_in_no_message() -> None:
    assert secret("hunter2") == "hunter2"
    assert secret("") is None
    with pytest.raises(
        ValueError, match=r"^give a text or None, not a value of type bytes\.$"
    ) as caught:
        secret(b"hunter2")
    assert "hunter2" not in str(caught.value)


def test_any_value_can_be_shown() -> None:
    assert short_repr(datetime(2026, 1, 2)) == "datetime.datetime(2026, 1, 2, 0, 0)"  # noqa: DTZ001
    assert short_repr(10**400) == "a number of hundreds of digits"
    assert "WithoutRepr" in short_repr(WithoutRepr())
    assert len(short_repr("x" * 1000)) < 100
