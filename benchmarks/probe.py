"""Counts and times the jobs of a worker process, from within it and as cheaply as possible."""

from __future__ import annotations

import itertools
import json
import os
import resource
import time
from pathlib import Path

from benchmarks import place

_next = itertools.count(1).__next__  # a single step of the interpreter, so threads need no lock
_first: tuple[int, float] = (0, 0.0)
_trace = os.open(place.TRACE, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if place.TRACE else -1


def count() -> None:
    """Count one job; record clock and CPU time at the first and at the last expected one."""
    number = _next()
    if number == 1:
        _begin()
    elif number == place.COUNT:
        _report()


def note(number: int) -> None:
    """Record when this job started, by the monotonic clock and by the wall clock."""
    _write(b"%d %d %d\n" % (number, time.monotonic_ns(), time.time_ns()))
    count()


def append(number: int) -> None:
    """Record that this job ran."""
    _write(b"%d\n" % number)


def span(number: int, seconds: float) -> None:
    """Run for some time; record the process, the start and the end."""
    began = time.monotonic_ns()
    time.sleep(seconds)
    _write(b"%d %d %d %d\n" % (number, os.getpid(), began, time.monotonic_ns()))


def _write(line: bytes) -> None:
    """Add a line to the trace, which several processes write and which outlives them."""
    os.write(_trace, line)


def _begin() -> None:
    global _first  # noqa: PLW0603 - a class would cost every job a look-up more
    _first = (time.monotonic_ns(), _cpu())
    if place.REPORT:
        Path(f"{place.REPORT}.ready").touch()


def _report() -> None:
    began, cpu = _first
    report = {
        "jobs": place.COUNT - 1,
        "seconds": (time.monotonic_ns() - began) / 1e9,
        "cpu": _cpu() - cpu,
        "ended": time.monotonic_ns(),
    }
    draft = Path(f"{place.REPORT}.draft")
    draft.write_text(json.dumps(report))
    draft.rename(place.REPORT)


def _cpu() -> float:
    """Return the CPU seconds of this process with all its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
