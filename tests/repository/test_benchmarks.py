"""The benchmarks declare what they must, and make tables and a chart of what they find."""

from __future__ import annotations

import ast
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import declaration, report, tables
from benchmarks.chart import Bar, chart
from benchmarks.declaration import System
from benchmarks.measures import MEASURES
from benchmarks.measures.fairness import gaps
from benchmarks.numbers import Spread, numbers, percentile, pooled, short
from benchmarks.results import Run

SYSTEMS = declaration.read_all()
IN_PROCESS = {"submit", "submit_start"}


def found(rate: float, **more: float) -> dict[str, float]:
    return {"rate": rate, "cpu_us": 1e6 / rate, "jobs": 1000, "seconds": 1.0, **more}


@pytest.fixture
def run() -> Run:
    """A run of three systems, one of which failed once."""
    names = ("bare", "django_jobs", "rq")
    about = {
        name: {"title": name, "versions": "1.0", "configuration": "Plain.", "loses": "Nothing."}
        for name in names
    }
    run = Run("2026-11-24T12:00:00+00:00", {"cores": "2", "system": "Linux", "python": "3"}, about)
    run.machine["redis"] = "7"
    for rate in (50_000, 40_000, 60_000):
        run.add("bare", "drain", found(rate))
        run.add("django_jobs", "drain", found(rate / 2, round_trips=0.04))
    run.add("rq", "drain", found(200))
    run.add("rq", "drain", {"error": "The worker ended by itself."})
    run.add("django_jobs", "start", {"times_ms": [1.0, 2.0, 9.0]})
    return run


def test_each_system_declares_what_it_is_and_what_it_loses() -> None:
    assert {"bare", "django_jobs", "sidekiq", "dramatiq"} <= set(SYSTEMS)
    for system in SYSTEMS.values():
        assert system.title
        assert system.configuration.endswith(".")
        assert system.loses.endswith(".")
        assert all("==" in each for each in system.dependencies), f"{system.path}: pin them"


def test_each_system_names_measures_that_exist_and_has_a_worker_for_them() -> None:
    for system in SYSTEMS.values():
        assert set(system.measures) <= set(MEASURES), system.path
        if not set(system.measures) <= IN_PROCESS:
            assert system.worker_command("drain"), system.path


@pytest.mark.parametrize("name", [n for n, s in SYSTEMS.items() if s.path.suffix == ".py"])
def test_each_system_can_enqueue_for_the_measures_that_it_names(name: str) -> None:
    system = SYSTEMS[name]
    assert "enqueue" in names(system)
    assert ("bulk" in system.measures) == ("enqueue_many" in names(system))
    assert ("late" in system.measures) == ("enqueue_at" in names(system))


def names(system: System) -> set[str]:
    """What a system's module defines or imports; it is not run, as it needs its environment."""
    found = set()
    for node in ast.parse(system.path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def test_a_file_without_a_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "headless.py"
    path.write_text('"""No head."""\n')
    with pytest.raises(ValueError, match=r"headless\.py: there is no"):
        declaration.read(path)


def test_a_head_that_says_too_little_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mute.py"
    path.write_text('# /// script\n# [tool.bench]\n# title = "Mute"\n# ///\n')
    with pytest.raises(ValueError, match=r"mute\.py: the head lacks or misspells"):
        declaration.read(path)


def test_a_run_is_read_as_it_was_kept(run: Run, tmp_path: Path) -> None:
    assert Run.read(run.save(tmp_path)) == run


def test_the_median_of_the_rounds_counts_and_a_failed_round_does_not(run: Run) -> None:
    assert run.number("bare", "drain", "rate") == 50_000
    assert run.number("rq", "drain", "rate") == 200
    assert run.number("rq", "start", "p50_ms") is None


def test_the_comparison_puts_ours_below_the_bare_loop_and_the_others_by_speed(run: Run) -> None:
    lines = tables.comparison([run], tables.THROUGHPUT).splitlines()
    assert lines[2].startswith("| bare | 50,000 | 20.0 |")
    assert lines[3].startswith("| **django_jobs** | 25,000 | 40.0 | 0.0400 |")
    assert lines[4].startswith("| rq | 200 | 5,000 |")
    assert len({line.count("|") for line in lines}) == 1


def test_the_ratios_say_run_by_run_what_is_met(run: Run) -> None:
    text = tables.ratios([run, run])
    assert "| no-ops / fastest Python peer | ≥ 7 | 125 | 125 | 125 | met |" in text
    assert "| no-ops / bare loop | ≥ 0.3 | 0.500 | 0.500 | 0.500 | met |" in text
    assert "| idle → start, p99 | ≤ 5 ms | 9.00 | 9.00 | 9.00 | **not met** |" in text
    assert "Sidekiq" not in text


def test_the_page_takes_every_block_and_can_be_filled_in_again(run: Run) -> None:
    page = report.PAGE.read_text()
    for name, text in report.blocks([run]).items():
        page = report.filled_in(report.filled_in(page, name, "old"), name, text)
    assert "| rq | 1.0 | Plain. | Nothing. |" in page
    assert "old" not in page.split("<!-- systems -->")[1].split("<!-- end of systems -->")[0]


def test_a_page_without_the_block_is_refused() -> None:
    with pytest.raises(ValueError, match="no block 'ratios'"):
        report.filled_in("# Benchmarks", "ratios", "")


def test_the_chart_is_svg_without_scripts_that_says_all_in_words() -> None:
    text = chart("Jobs <a second>", [Bar("ours", 2000, ours=True), Bar("R&D", 10, ours=False)])
    root = ET.fromstring(text)  # noqa: S314 - our own
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "text", "rect"}
    assert "ours 2,000; R&D 10.0" in "".join(root.itertext())
    assert "prefers-color-scheme: dark" in text


def test_numbers_are_short() -> None:
    assert [short(n) for n in (0, 0.04, 0.503, 4.5, 27, 123.4, 54_123)] == [
        "0", "0.0400", "0.503", "4.50", "27.0", "123", "54,100",
    ]  # fmt: skip


def test_spread_is_the_median_with_the_least_and_the_greatest() -> None:
    assert Spread((3.0, 1.0, 2.0)).text() == "2.00 (1.00–3.00)"


def test_times_of_all_rounds_are_taken_together() -> None:
    together = pooled([{"times_ms": [3.0, -1.0]}, {"times_ms": [2.0]}, {"error": "lost"}])
    assert numbers(together) == {"p50_ms": 2.0, "p99_ms": 3.0, "max_ms": 3.0, "early": 1}


def test_a_percentile_is_a_value_that_occurred() -> None:
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.5) == 7


def test_a_worker_idles_where_none_of_its_jobs_run() -> None:
    assert gaps([(0, 10), (5, 20), (30, 40)], (0, 50)) == 10 + 10
    assert gaps([(30, 40)], (10, 35)) == 20
