"""The progress that a task reports is kept with its attempt."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from django_jobs.jobs.membership import Membership
from django_jobs.jobs.progress import CURRENT_ATTEMPT, MAX_TEXT, Progress, set_progress


class Attempt:
    progress: Progress | None = None
    added: frozenset[str] = frozenset()
    log_fields: Mapping[str, object] = {}
    membership = Membership("")


@pytest.fixture
def attempt() -> Iterator[Attempt]:
    """The attempt that the test's own code belongs to."""
    attempt = Attempt()
    token = CURRENT_ATTEMPT.set(attempt)
    yield attempt
    CURRENT_ATTEMPT.reset(token)


def test_the_last_call_is_kept(attempt: Attempt) -> None:
    set_progress(1, 10, "first")
    set_progress(2, 10, "second")

    assert attempt.progress == Progress(2, 10, "second")


def test_a_long_text_is_cut(attempt: Attempt) -> None:
    set_progress(1, text="x" * 1000)

    assert attempt.progress == Progress(1, None, "x" * MAX_TEXT)


def test_outside_of_a_job_it_does_nothing() -> None:
    set_progress(1, 2, "nobody listens")


@pytest.mark.parametrize(
    ("progress", "share"),
    [(Progress(1), None), (Progress(1, 4), 0.25), (Progress(9, 4), 1.0), (Progress(0, 4), 0.0)],
)
def test_the_share_is_between_0_and_1(progress: Progress, share: float | None) -> None:
    assert progress.fraction == share


@pytest.mark.parametrize(
    "arguments",
    [{"done": -1}, {"done": math.nan}, {"done": "1"}, {"done": 10**16}]
    + [{"done": 1, "total": total} for total in (0, -1, math.inf, "10")],
    ids=repr,
)
def test_a_number_out_of_range_is_refused(arguments: dict[str, Any], attempt: Attempt) -> None:
    with pytest.raises(ValueError, match=r"^set_progress\(.*: give a number"):
        set_progress(**arguments)

    assert attempt.progress is None
