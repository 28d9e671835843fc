"""Writes the stored results into the documentation: `python -m benchmarks.report`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import results, tables
from benchmarks.chart import Bar, chart
from benchmarks.environment import ROOT
from benchmarks.results import Run
from benchmarks.targets import OURS

PAGE = ROOT / "docs" / "benchmarks.md"
IMAGE = ROOT / "docs" / "images" / "benchmarks.svg"


def main() -> None:
    """Write the page and the chart."""
    options = arguments()
    runs = results.read_all(options.results)[-options.runs :]
    if not runs:
        sys.exit(f"There are no runs in {options.results} yet: make bench.")
    page = options.page.read_text()
    for name, text in blocks(runs).items():
        page = filled_in(page, name, text)
    options.page.write_text(page)
    options.image.write_text(bars(runs))
    print(f"{len(runs)} runs are in {options.page} and {options.image}")


def blocks(runs: Sequence[Run]) -> dict[str, str]:
    """Return the generated blocks of the page."""
    return {
        "occasion": occasion(runs),
        "throughput": tables.comparison(runs, tables.THROUGHPUT),
        "punctuality": tables.comparison(runs, tables.PUNCTUALITY),
        "ratios": tables.ratios(runs),
        "spread": tables.spreads(runs),
        "systems": tables.systems(runs),
    }


def occasion(runs: Sequence[Run]) -> str:
    """Return when the runs were made, and on which machine."""
    last = runs[-1].machine
    moments = ", ".join(run.began[:16].replace("T", " ") for run in runs)
    return (
        f"Measured on {last['cores']} cores ({last['system']}) with Python {last['python']} and"
        f" Redis {last['redis']} on the same machine; runs of {moments} UTC."
    )


def filled_in(page: str, name: str, text: str) -> str:
    """Return the page with one of its blocks replaced.

    Raises:
        ValueError: the page has no such block.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"The page has no block {name!r}: {begin}{end}")
    return f"{before}{begin}\n{text}\n\n{end}{after}"


def bars(runs: Sequence[Run]) -> str:
    """Return the chart of no-op jobs per second."""
    found = [(name, tables.median(runs, name, "drain", "rate")) for name in tables.order(runs)]
    return chart(
        "No-op jobs a second, one worker process",
        [
            Bar(runs[-1].systems[name]["title"], rate, name == OURS)
            for name, rate in found
            if rate is not None
        ],
    )


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=3, metavar="N", help="the last so many, by default 3")
    add("--results", type=Path, default=results.FOLDER, metavar="PATH", help="where they are kept")
    add("--page", type=Path, default=PAGE, metavar="PATH")
    add("--image", type=Path, default=IMAGE, metavar="PATH")
    return parser.parse_args()


if __name__ == "__main__":
    main()
