"""Encodes the counts of attempts under short codes, which every broker simply adds up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from django_jobs.metrics.histogram import BOUNDS, Histogram

from .periods import Dimension
from .task_stats import TaskStats

Counts: TypeAlias = "dict[str, int]"
"""Counts by code: `s` succeeded, `f` failed, `l3` latencies and `d3` durations in the fourth
bucket, `L` and `D` their total milliseconds."""

LONGEST_NAME = 200


Rows: TypeAlias = "dict[tuple[Dimension, str], Counts]"
"""The counts to add for each dimension and name."""


def rows(samples: Iterable[TaskStats]) -> Rows:
    """Return the counts of a report, each dimension and name once."""
    found: defaultdict[tuple[Dimension, str], Counts] = defaultdict(dict)
    for one in samples:
        ends = {"s": one.succeeded, "f": one.failed}
        times = _coded("l", one.latency) | _coded("d", one.duration)
        add(found[Dimension.QUEUE, ""], ends)
        add(found[Dimension.QUEUE, _one_line(one.queue)], ends)
        add(found[Dimension.TASK, _one_line(one.task)], ends | times)
        for error, count in one.errors:
            add(found[Dimension.ERROR, f"{_one_line(one.task)}\n{_one_line(error)}"], {"f": count})
    return found


def _coded(letter: str, times: Histogram) -> Counts:
    counts = {f"{letter}{index}": count for index, count in enumerate(times.counts) if count}
    return counts | {letter.upper(): times.total}


def _one_line(name: str) -> str:
    """Return a name as one short line: the process that enqueued may have sent any text."""
    text = name[:LONGEST_NAME].replace("\n", " ")
    return text.encode(errors="replace").decode()


def read_histogram(letter: str, counts: Mapping[str, int]) -> Histogram:
    """Return the histogram whose codes begin with a letter."""
    buckets = tuple(counts.get(f"{letter}{index}", 0) for index in range(len(BOUNDS) + 1))
    return Histogram(buckets, counts.get(letter.upper(), 0))


def add(sums: Counts, more: Mapping[str, int]) -> None:
    """Add counts to sums, in place."""
    for code, count in more.items():
        sums[code] = sums.get(code, 0) + count
