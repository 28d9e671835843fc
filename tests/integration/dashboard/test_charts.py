"""Charts are drawn correctly for any data."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.utils.html import escape

from django_jobs.dashboard import chart_panels, formatting
from django_jobs.dashboard.charts import Bar, Mark, bars, sparkline, top_of
from django_jobs.metrics.deploys import DeployMark
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import Bucket, History
from tests.support.clock import START

MINUTE = 60_000
HOSTILE = "</title><script>alert('1')</script>\"&"


def history(
    *parts: tuple[int, int], step: int = MINUTE, deploys: tuple[DeployMark, ...] = ()
) -> History:
    buckets = (
        Bucket(at=START + number * step, succeeded=good, failed=bad)
        for number, (good, bad) in enumerate(parts)
    )
    return History(step=step, buckets=tuple(buckets), deploys=deploys)


def took(**counts: int) -> Histogram:
    """A histogram by bounds in milliseconds: `took(b10=2)`; `b0` is what took longer than any."""
    wanted = {int(name[1:]): count for name, count in counts.items()}
    return Histogram((*(wanted.get(bound, 0) for bound in BOUNDS), wanted.get(0, 0)), 1)


# --- drawings ------------------------------------------------------------------------------------


def test_a_bar_chart_is_drawn_exactly_like_this() -> None:
    drawn = bars(
        "jobs",
        "Throughput",
        "Succeeded: 6",
        [Bar((4, 1), "first"), Bar((0, 0), "second"), Bar((0, 8), "third")],
        ["good", "bad"],
        [Mark("p50", 1.5)],
    )
    assert drawn == (
        '<svg class="chart" viewBox="0 0 30 100" preserveAspectRatio="none" role="img"'
        ' aria-labelledby="jobs-title jobs-text"><title id="jobs-title">Throughput</title>'
        '<desc id="jobs-text">Succeeded: 6</desc>'
        '<path class="grid" d="M0 0H30"/><path class="grid" d="M0 50H30"/>'
        '<path class="grid" d="M0 100H30"/>'
        '<path class="good" d="M1 100V50h8V100z"/>'
        '<path class="bad" d="M1 50V37.5h8V50zM21 100V0h8V100z"/>'
        '<path class="mark p50" d="M15 0V100"/>'
        '<rect x="0" width="10" height="100"><title>first</title></rect>'
        '<rect x="10" width="10" height="100"><title>second</title></rect>'
        '<rect x="20" width="10" height="100"><title>third</title></rect></svg>'
    )


def test_a_sparkline_is_drawn_exactly_like_this() -> None:
    assert sparkline([0, 2, 1]) == (
        '<svg class="spark" viewBox="0 0 30 100" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="M11 100V0h8V100zM21 100V50h8V100z"/></svg>'
    )


@pytest.mark.parametrize("values", [[], [0], [0, 0, 0], [10**18, 1]])
def test_any_values_can_be_drawn(values: list[int]) -> None:
    shown = [Bar((value,), str(value)) for value in values]
    for drawn in (sparkline(values), bars("a", "", "", shown, ["part"])):
        assert drawn.endswith("</svg>")
        assert "nan" not in drawn
        assert "inf" not in drawn


def test_small_values_stay_visible() -> None:
    drawn = bars("a", "", "", [Bar((100_000,), ""), Bar((1,), "")], ["part"])
    assert "M11 100V98.5h8V100z" in drawn


def test_text_in_a_chart_is_escaped() -> None:
    drawn = bars("a", HOSTILE, HOSTILE, [Bar((1,), HOSTILE)], ["part"])
    assert "<script" not in drawn
    assert drawn.count(escape(HOSTILE)) == 3
    assert "style" not in drawn


@pytest.mark.parametrize(
    ("most", "top"),
    [
        *((0, 2), (1, 2), (2, 2), (3, 4), (5, 6), (7, 8), (9, 10), (10, 10), (11, 20)),
        *((130, 200), (399, 400), (401, 600), (99_999, 100_000), (10**15 + 1, 2 * 10**15)),
    ],
)
def test_the_top_of_an_axis_is_round_and_even(most: int, top: int) -> None:
    assert top_of([most, 0]) == top
    assert top % 2 == 0


# --- figures -------------------------------------------------------------------------------------


def test_attempts_are_shown_as_a_table_too() -> None:
    figure = chart_panels.attempts_panel(
        "a", "Attempts", history((1, 0), (0, 0), (1200, 3), (0, 0))
    )

    assert (figure.top, figure.half, figure.empty) == (2000, 1000, "")
    assert [(one.look, one.label, one.value) for one in figure.legend] == [
        ("good", "Succeeded", "1,201"),
        ("bad", "Failed", "3"),
    ]
    assert figure.columns == ("From", "Succeeded", "Failed")
    assert [row[1:] for row in figure.rows] == [("1", "0"), ("1,200", "3")]
    assert "1,200 succeeded, 3 failed" in figure.drawing


@pytest.mark.parametrize("number", [60, 84, 90, 96, 8, 24, 30])
def test_an_axis_has_four_equal_parts(number: int) -> None:
    figure = chart_panels.attempts_panel("a", "", history(*[(1, 0)] * number))
    assert len(figure.ticks) == 4
    assert figure.end == "now"


def test_an_axis_of_days_shows_dates_and_one_of_hours_the_clock() -> None:
    hour = 60 * MINUTE
    assert all(
        ":" in tick for tick in chart_panels.attempts_panel("a", "", history(*[(1, 0)] * 24)).ticks
    )
    days = chart_panels.attempts_panel("a", "", history(*[(1, 0)] * 30, step=8 * hour)).ticks
    assert not any(":" in tick for tick in days)


def test_failures_have_a_scale_of_their_own() -> None:
    figure = chart_panels.failures_panel("a", "", history((100_000, 3), (0, 1)))
    assert figure.top == 4
    assert figure.legend[0].value == "4 (< 0.1%)"


def test_deploys_are_lines_with_their_labels() -> None:
    marks = (
        DeployMark(START + MINUTE // 2, "v1"),
        DeployMark(START + 2 * MINUTE, "v2"),
        DeployMark(START + 2 * MINUTE + 1, HOSTILE),
    )
    figure = chart_panels.attempts_panel(
        "a", "", history((1, 0), (3, 0), (0, 0), (0, 0), deploys=marks)
    )

    assert figure.drawing.count('<path class="mark deploy"') == 2
    assert '<path class="mark deploy" d="M5 0V100"/>' in figure.drawing
    assert '<path class="mark deploy" d="M20 0V100"/>' in figure.drawing
    assert "1 succeeded, 0 failed\nDeploy: v1</title>" in figure.drawing
    assert f"\nDeploy: v2\nDeploy: {escape(HOSTILE)}</title>" in figure.drawing
    assert f"Failed: 0, Deploy: v1, Deploy: v2, Deploy: {escape(HOSTILE)}</desc>" in figure.drawing
    assert HOSTILE not in figure.drawing
    assert [(one.look, one.label, one.value) for one in figure.legend][2:] == [
        ("deploy", "Deploys", "3")
    ]
    assert figure.text_column == "Deploys"
    assert [row[1:] for row in figure.rows] == [
        ("1", "0", "v1"),
        ("3", "0", ""),
        ("0", "0", f"v2, {HOSTILE}"),
    ]


def test_many_deploys_take_bounded_space() -> None:
    marks = tuple(DeployMark(START + number, f"v{number}") for number in range(1000))
    figure = chart_panels.failures_panel("a", "", history((0, 1), (0, 0), deploys=marks))
    assert figure.drawing.count("mark deploy") == 1
    assert figure.drawing.count("Deploy: v") == 2 * 5
    assert "…\nDeploy: v995" in figure.drawing


def test_a_deploy_after_the_last_step_is_at_its_end() -> None:
    late = (DeployMark(START + 9 * MINUTE, "late"),)
    figure = chart_panels.attempts_panel("a", "", history((1, 0), (1, 0), deploys=late))
    assert '<path class="mark deploy" d="M20 0V100"/>' in figure.drawing
    assert figure.rows[-1][-1] == "late"


def test_panels_without_data_say_so() -> None:
    nothing = history((0, 0), (0, 0))
    assert chart_panels.attempts_panel("a", "", nothing).empty == "No jobs ran in this period."
    assert chart_panels.failures_panel("a", "", nothing).empty == "No failures in this period."
    assert (
        chart_panels.failures_panel("a", "", history((5, 0))).empty == "No failures in this period."
    )
    assert chart_panels.histogram_panel("a", "", Histogram()).empty == "No jobs ran in this period."


@pytest.mark.parametrize(
    ("histogram", "ticks", "end"),
    [
        (took(b3=1), ("0", "10 ms", "100 ms"), "1 s"),
        (took(b30=1), ("10 ms", "100 ms", "1 s"), "10 s"),
        (took(b1=1, b1500=3), ("0", "10 ms", "100 ms", "1 s"), "10 s"),
        (took(b7000000=1), ("10 s", "100 s", "1,000 s"), "10,000 s"),
        (took(b0=1), ("10 s", "100 s", "1,000 s"), "10,000 s"),
        (took(b1=1, b0=1), ("0", "10 ms", "100 ms", "1 s", "10 s", "100 s", "1,000 s"), "10,000 s"),
    ],
)
def test_times_are_shown_in_whole_powers_of_ten(
    histogram: Histogram, ticks: tuple[str, ...], end: str
) -> None:
    figure = chart_panels.histogram_panel("a", "", histogram)
    assert (figure.ticks, figure.end) == (ticks, end)
    assert figure.drawing.count("<rect") == 6 * len(ticks)
    assert sum(int(count) for _, count in figure.rows) == histogram.count


def test_marks_are_at_their_times() -> None:
    figure = chart_panels.histogram_panel("a", "", took(b100=50, b1000=50))
    assert [one.value for one in figure.legend] == ["100 ms", "970 ms", "994 ms"]
    assert '<path class="mark p50" d="M60 0V100"/>' in figure.drawing
    places = [figure.drawing.index(f"mark {look}") for _, look in chart_panels.QUANTILES]
    assert all(one < other for one, other in pairwise(places))


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        *((0, 0, "–"), (0, 9, "0%"), (1, 3, "33%"), (1, 30, "3.3%"), (1, 9999, "< 0.1%")),
        *((9, 9, "100%"), (1, 1000, "0.1%")),
    ],
)
def test_percentages_have_as_many_digits_as_they_need(part: int, whole: int, said: str) -> None:
    assert formatting.percent(part, whole) == said


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [(None, "–"), (0.4, "< 1 ms"), (1.0, "1 ms"), (12.6, "13 ms"), (90_000.0, "1 min 30 s")],
)
def test_less_than_a_millisecond_is_not_zero(milliseconds: float | None, said: str) -> None:
    assert formatting.optional_duration(milliseconds) == said
