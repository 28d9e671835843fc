"""Measures all systems in turn, in several rounds: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.declaration import System, read_all
from benchmarks.environment import BENCH, ROOT, prepare
from benchmarks.measures import MEASURES, ONCE, SIDE_BY_SIDE
from benchmarks.numbers import numbers, short
from benchmarks.results import FOLDER, Run
from benchmarks.stage import Figures, MeasureError, Stage
from tests.support.redis_server import RedisServer

QUICK_SECONDS = 0.5
AT_A_TIME = 6
"""The number of systems that take untimed measures at a time."""


def main() -> None:
    """Run the benchmarks given on the command line, and store the results."""
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # so that everything that was started is stopped
    options = arguments()
    systems = chosen(read_all(), options.systems)
    for system in systems:
        prepare(system)
    run = Run.begin(systems)
    with server() as shared:
        stages = [Stage(system, shared, options.checkout.resolve()) for system in systems]
        for number in range(options.rounds):
            for stage in stages:
                measure(run, stage, number, options)
    measure_side_by_side(run, stages, options)
    print(f"Kept in {run.save(options.results)}")


def measure(run: Run, stage: Stage, number: int, options: argparse.Namespace) -> None:
    """Take the timed measures of one system for one round."""
    for name in wanted(stage.system, options.measures):
        if name in SIDE_BY_SIDE or (name in ONCE and number > 0):
            continue
        keep(run, stage, name, figures(stage, name, options.seconds))


def measure_side_by_side(run: Run, stages: list[Stage], options: argparse.Namespace) -> None:
    """Take the measures that mostly wait, several systems at a time."""

    def one(stage: Stage, name: str) -> None:
        with server() as own:
            keep(run, stage, name, figures(stage.on(own), name, options.seconds))

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for name in SIDE_BY_SIDE:
            able = [stage for stage in stages if name in wanted(stage.system, options.measures)]
            list(pool.map(one, able, [name] * len(able)))


def wanted(system: System, names: str) -> list[str]:
    """Return the measures of a system given on the command line, by default all."""
    asked = names.split(",") if names else system.measures
    same = {"drain_async"} if system.coroutines_only else set()
    return [name for name in system.measures if name in asked and name not in same]


def figures(stage: Stage, name: str, seconds: float) -> Figures:
    """Return the result of a measure, or why there is none."""
    try:
        return MEASURES[name](stage, seconds)
    except (MeasureError, subprocess.TimeoutExpired) as error:
        return {"error": str(error)}


def keep(run: Run, stage: Stage, name: str, found: Figures) -> None:
    """Store and print the result of a measure."""
    run.add(stage.system.name, name, found)
    if name == "drain" and stage.system.coroutines_only:
        run.add(stage.system.name, "drain_async", found)
    told = [f"{key} {short(value)}" for key, value in numbers(found).items()]
    line = ", ".join(told) or found["error"]
    print(f"{time.strftime('%H:%M:%S')} {stage.system.name:24} {name:12} {line}", flush=True)


@contextmanager
def server() -> Iterator[RedisServer]:
    """Run a Redis without persistence."""
    redis = RedisServer(["appendonly no"])
    redis.start()
    try:
        yield redis
    finally:
        redis.stop()


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--systems", default="", metavar="A,B", help="only these, by their files' names")
    add("--measures", default="", metavar="X,Y", help="only these")
    add("--rounds", type=int, default=3, metavar="N", help="by default %(default)s")
    add("--seconds", type=float, default=1.0, metavar="S", help="length of one measure")
    add("--quick", action="store_true", help="one round of short measures, not kept in docs/")
    add("--checkout", type=Path, default=ROOT, metavar="PATH", help="whose django_jobs to take")
    add("--results", type=Path, default=FOLDER, metavar="PATH", help="where the result is kept")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.results = 1, QUICK_SECONDS, BENCH / "results"
    return options


def chosen(systems: dict[str, System], names: str) -> list[System]:
    """Return the systems given on the command line, by default all."""
    unknown = set(names.split(",")) - set(systems) if names else set()
    if unknown:
        sys.exit(f"No such system: {', '.join(unknown)}. There are {', '.join(systems)}.")
    return [systems[name] for name in (names.split(",") if names else systems)]


if __name__ == "__main__":
    main()
