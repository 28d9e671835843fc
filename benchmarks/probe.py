"""Counts and times the jobs of one worker process, from inside it and as cheaply as can be."""

from __future__ import annotations

import itertools
import json
import os
import resource
import time
from pathlib import Path

from benchmarks import place

_next = itertools.count(1).__next__  # one step of the interpreter, so threads need no lock
_first: tuple[int, float] = (0, 0.0)
_notes: list[tuple[int, int, int]] = []
_append_to = os.open(place.APPEND, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if place.APPEND else -1


def count() -> None:
    """Count one job; the first and the last of those expected note clock and CPU time."""
    number = _next()
    if number == 1:
        _begin()
    elif number == place.COUNT:
        _report()


def note(number: int) -> None:
    """Note when this job started, by the clock of all processes and by the clock on the wall."""
    _notes.append((number, time.monotonic_ns(), time.time_ns()))
    count()


def append(number: int) -> None:
    """Write down that this job ran; what is written survives the process."""
    os.write(_append_to, b"%d\n" % number)


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
        "notes": _notes,
    }
    draft = Path(f"{place.REPORT}.draft")
    draft.write_text(json.dumps(report))
    draft.rename(place.REPORT)


def _cpu() -> float:
    """Return the CPU seconds of this process, all its threads included."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
