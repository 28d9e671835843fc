"""Formats results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.numbers import Spread, short
from benchmarks.results import Run
from benchmarks.targets import OURS, TARGETS, Target

Number = tuple[str, str]
"""A measure, and one of its numbers."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the comparison, with one or two numbers."""

    title: str
    numbers: tuple[Number, ...]


THROUGHPUT = (
    Column("no-op jobs/s", (("drain", "rate"),)),
    Column("worker CPU, µs a job", (("drain", "cpu_us"),)),
    Column("round trips a job", (("drain", "round_trips"),)),
    Column("coroutine no-ops/s", (("drain_async", "rate"),)),
    Column("enqueue one, jobs/s", (("enqueue", "rate"),)),
    Column("bulk, jobs/s", (("bulk", "rate"),)),
    Column("bytes in Redis a job", (("enqueue", "bytes"),)),
    Column("10 ms I/O at 25, of 2,500/s", (("io", "rate"),)),
    Column("coroutine I/O at 500, jobs/s", (("io_async", "rate"),)),
)
PUNCTUALITY = (
    Column("idle → start p50 / p99, ms", (("start", "p50_ms"), ("start", "p99_ms"))),
    Column("scheduled late p50 / max, ms", (("late", "p50_ms"), ("late", "max_ms"))),
    Column("kill -9: not run after 40 s, of 5,000", (("crash", "missing"),)),
    Column("run twice", (("crash", "twice"),)),
    Column("all had run after, s", (("crash", "seconds"),)),
)
FIRST = ("bare", OURS)
APART = ("thread_pool_executor", "django_jobs_thread_pool")


def comparison(runs: Sequence[Run], columns: Sequence[Column]) -> str:
    """Return a table of all systems with these numbers: medians of the runs."""
    rows = [
        [title(runs, name), *cells]
        for name in order(runs)
        if any(cells := [cell(runs, name, column) for column in columns])
    ]
    return table(["", *(column.title for column in columns)], rows)


def spreads(runs: Sequence[Run]) -> str:
    """Return the table of medians with minimum and maximum of all rounds."""
    rows = [
        [title(runs, name), *(spread(runs, name, *column.numbers[0]) for column in THROUGHPUT)]
        for name in order(runs)
    ]
    return table(["", *(column.title for column in THROUGHPUT)], rows)


def ratios(runs: Sequence[Run]) -> str:
    """Return the table of targets: each run, the median, and whether the target is met."""
    rows = [row for target in TARGETS if (row := _judged(target, runs))]
    heads = [f"run {number}" for number in range(1, len(runs) + 1)]
    return table(["", "target", *heads, "median", ""], rows)


def systems(runs: Sequence[Run]) -> str:
    """Return the table of configurations."""
    about = [runs[-1].systems[name] for name in (*order(runs), *APART) if name in runs[-1].systems]
    rows = [
        [each["title"], each["versions"], each["configuration"], each["loses"]] for each in about
    ]
    return table(["", "versions", "configuration", "what it loses or does not do"], rows)


def order(runs: Sequence[Run]) -> list[str]:
    """Return the names of systems with Redis: the bare loop, ours, the others by speed."""
    names = [name for name in runs[-1].systems if name not in APART]
    speed = {name: median(runs, name, "drain", "rate") or 0 for name in names}
    return sorted(names, key=lambda name: (name not in FIRST, name == OURS, -speed[name]))


def median(runs: Sequence[Run], system: str, measure: str, name: str) -> float | None:
    """Return the median of one number over the runs."""
    values = [run.number(system, measure, name) for run in runs]
    known = tuple(value for value in values if value is not None)
    return Spread(known).median if known else None


def title(runs: Sequence[Run], name: str) -> str:
    """Return the name of a system for tables."""
    text = runs[-1].systems[name]["title"]
    return f"**{text}**" if name == OURS else text


def cell(runs: Sequence[Run], system: str, column: Column) -> str:
    """Return one cell of the comparison; empty if there is no number."""
    values = [median(runs, system, *number) for number in column.numbers]
    known = [short(value) for value in values if value is not None]
    return " / ".join(known)


def spread(runs: Sequence[Run], system: str, measure: str, name: str) -> str:
    """Return minimum and maximum of all rounds of all runs."""
    values = [value for run in runs for value in run.each(system, measure, name)]
    return Spread(tuple(values)).text() if values else ""


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table in Markdown."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _judged(target: Target, runs: Sequence[Run]) -> list[str]:
    values = [target.reach(run) for run in runs]
    known = tuple(value for value in values if value is not None)
    if not known:
        return []
    middle = Spread(known).median
    told = ["" if value is None else short(value) for value in values]
    verdict = "met" if target.is_met(middle) else "**not met**"
    return [target.what, target.text, *told, short(middle), verdict]
