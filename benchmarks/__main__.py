"""Measures all systems in turn, round after round: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.declaration import System, read_all
from benchmarks.environment import ROOT, prepare
from benchmarks.measures import MEASURES
from benchmarks.stage import Figures, MeasureError, Stage
from tests.servers import RedisServer


def main() -> None:
    """Run what the command line asks for."""
    options = arguments()
    systems = chosen(read_all(), options.systems)
    for system in systems:
        prepare(system)
    server = RedisServer(["appendonly no"])
    server.start()
    try:
        for system in systems:
            stage = Stage(system, server, options.checkout)
            for name in wanted(system, options.measures):
                print(system.name, name, figures(stage, name, 0.5 if options.quick else 2.0))
    finally:
        server.stop()


def wanted(system: System, names: str) -> list[str]:
    """Return the measures of a system that the command line names, by default all."""
    return [name for name in system.measures if not names or name in names.split(",")]


def figures(stage: Stage, name: str, seconds: float) -> Figures:
    """Return what a measure finds, or why it finds nothing."""
    try:
        return MEASURES[name](stage, seconds)
    except MeasureError as error:
        return {"error": str(error)}


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--systems", default="", metavar="A,B", help="only these, by their files' names")
    add("--measures", default="", metavar="X,Y", help="only these")
    add("--rounds", type=int, default=3, metavar="N")
    add("--quick", action="store_true", help="one short round")
    add("--checkout", type=Path, default=ROOT, metavar="PATH", help="whose django_jobs")
    return parser.parse_args()


def chosen(systems: dict[str, System], names: str) -> list[System]:
    """Return the systems that the command line names, by default all."""
    return [systems[name] for name in (names.split(",") if names else systems)]


if __name__ == "__main__":
    main()
