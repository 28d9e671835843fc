"""Deploys are marked once, shown in each history that covers them, and take bounded space."""

from __future__ import annotations

import pytest

from django_jobs.brokers.inspection.base import Inspection
from django_jobs.metrics.deploys import (
    CLOCK_SLACK_MS,
    DEPLOYS_KEPT,
    DEPLOYS_KEPT_MS,
    MAX_LABEL,
    SAME_DEPLOY_MS,
    DeployMark,
)
from django_jobs.metrics.history import Metrics, Span
from django_jobs.metrics.periods import DAY, HOUR
from tests.support.clock import Clock


@pytest.fixture
def metrics(inspection: Inspection) -> Metrics:
    return inspection.metrics


def labels(metrics: Metrics, since: int = 0) -> list[str]:
    return [mark.label for mark in metrics.deploys(since)]


def test_without_marks_there_are_none(metrics: Metrics) -> None:
    assert metrics.deploys(0) == ()
    assert metrics.history(Span.MONTH).deploys == ()


def test_a_deploy_is_in_each_history_that_covers_it(metrics: Metrics, clock: Clock) -> None:
    first = metrics.mark_deploy("v1")
    assert first == DeployMark(clock.now(), "v1")
    clock.advance(2 * HOUR)
    second = metrics.mark_deploy("  v2: fix a: b ")
    assert second.label == "v2: fix a: b"

    assert metrics.history(Span.HOUR).deploys == (second,)
    for history in (
        metrics.history(Span.DAY),
        metrics.history(Span.MONTH, queue="mails"),
        metrics.task_history("shop.ship", Span.WEEK),
    ):
        assert history.deploys == (first, second)


def test_they_are_in_the_order_of_their_times(metrics: Metrics, clock: Clock) -> None:
    clock.advance(DAY)
    metrics.mark_deploy("new")
    metrics.mark_deploy("old", clock.now() - HOUR)
    assert labels(metrics) == ["old", "new"]
    assert labels(metrics, clock.now()) == ["new"]


def test_a_hook_that_is_run_again_marks_nothing_more(metrics: Metrics, clock: Clock) -> None:
    first = metrics.mark_deploy("v1")
    clock.advance(SAME_DEPLOY_MS)
    assert metrics.mark_deploy("v1") == first
    assert metrics.mark_deploy("v1", first.at) == first
    assert metrics.deploys(0) == (first,)


def test_the_same_release_can_be_deployed_later_again(metrics: Metrics, clock: Clock) -> None:
    for label in ("v1", "v2", "v1"):
        metrics.mark_deploy(label)
        clock.advance(SAME_DEPLOY_MS)
    assert labels(metrics) == ["v1", "v2", "v1"]


def test_a_clock_that_is_ahead_marks_the_present(metrics: Metrics, clock: Clock) -> None:
    assert metrics.mark_deploy("v1", clock.now() + CLOCK_SLACK_MS).at == clock.now()


@pytest.mark.parametrize(
    ("label", "complaint"),
    [
        ("", "must not be empty"),
        (" \n", "must not be empty"),
        ("a\nb", "one line of printable characters, not 'a\\\\nb'"),
        ("a\x1b[31m", "printable"),
        ("\u202eb", "printable"),
        ("\ud800", "printable"),
        ("x" * (MAX_LABEL + 1), "may have 100 characters, and this one has 101"),
    ],
)
def test_a_label_that_cannot_be_shown_is_refused(
    label: str, complaint: str, metrics: Metrics
) -> None:
    with pytest.raises(ValueError, match=complaint):
        metrics.mark_deploy(label)
    assert metrics.deploys(0) == ()


def test_the_longest_label_is_kept_whole(metrics: Metrics) -> None:
    metrics.mark_deploy("ü" * MAX_LABEL)
    assert labels(metrics) == ["ü" * MAX_LABEL]


def test_a_time_that_no_chart_shows_is_refused(metrics: Metrics, clock: Clock) -> None:
    with pytest.raises(ValueError, match="must not be in the future"):
        metrics.mark_deploy("v1", clock.now() + CLOCK_SLACK_MS + 1)
    with pytest.raises(ValueError, match="kept for 32 days"):
        metrics.mark_deploy("v1", clock.now() - DEPLOYS_KEPT_MS - 1)
    assert metrics.mark_deploy("v1", clock.now() - DEPLOYS_KEPT_MS) in metrics.deploys(0)


def test_old_marks_are_forgotten(metrics: Metrics, clock: Clock) -> None:
    metrics.mark_deploy("old")
    clock.advance(DEPLOYS_KEPT_MS + 1)
    metrics.mark_deploy("new")
    assert labels(metrics) == ["new"]


def test_the_newest_of_too_many_are_kept(metrics: Metrics, clock: Clock) -> None:
    for number in range(DEPLOYS_KEPT + 3):
        metrics.mark_deploy(f"v{number}")
        clock.advance(1)
    assert len(labels(metrics)) == DEPLOYS_KEPT
    assert labels(metrics)[0] == "v3"
