"""Compares two checkouts of django_jobs in pairs: `python -m benchmarks.compare A B`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.declaration import System, read_all
from benchmarks.environment import prepare
from benchmarks.measures import MEASURES
from benchmarks.numbers import Spread, numbers, short
from benchmarks.stage import Figures, Stage
from tests.support.redis_server import RedisServer

QUANTITIES = {
    "drain": ("rate", "cpu_us"),
    "drain_async": ("rate", "cpu_us"),
    "io": ("rate", "cpu_us"),
    "io_async": ("rate", "cpu_us"),
    "enqueue": ("rate", "cpu_us", "bytes"),
    "bulk": ("rate", "cpu_us"),
    "start": ("p50_ms", "p99_ms"),
    "late": ("p50_ms", "max_ms"),
}
"""The numbers of each measure to compare."""

DEFAULT = "drain,drain_async,enqueue,bulk,io,start"


@dataclass(frozen=True, slots=True)
class Pair:
    """The results of one measure of both checkouts."""

    first: Figures
    second: Figures


def main() -> None:
    """Compare the checkouts given on the command line."""
    options = arguments()
    system = read_all()["django_jobs"]
    prepare(system)
    server = RedisServer(["appendonly no"])
    server.start()
    try:
        for name in options.measures.split(","):
            compare(name, system, server, options)
    finally:
        server.stop()


def compare(name: str, system: System, server: RedisServer, options: argparse.Namespace) -> None:
    """Measure in pairs; print each result, and finally the medians."""
    sizes: dict[str, int] = {}  # shared, so that both run the same number of jobs
    first, second = (Stage(system, server, path.resolve(), sizes) for path in options.checkouts)
    measure = MEASURES[name]
    measure(first, options.seconds)  # finds the size, and warms disk caches
    pairs = []
    for _ in range(options.pairs):
        pairs.append(Pair(measure(first, options.seconds), measure(second, options.seconds)))
        for line in lines(name, pairs[-1:]):
            print(f"  {line}", flush=True)
    for line in lines(name, pairs):
        print(f"= {line}", flush=True)


def lines(name: str, pairs: list[Pair]) -> list[str]:
    """Return one line for each number: A, B, and B / A with its spread over the pairs."""
    found = [(numbers(pair.first), numbers(pair.second)) for pair in pairs]
    answer = []
    for quantity in QUANTITIES[name]:
        first = Spread(tuple(a[quantity] for a, _ in found))
        second = Spread(tuple(b[quantity] for _, b in found))
        ratio = Spread(tuple(b[quantity] / a[quantity] for a, b in found))
        answer.append(
            f"{name:12} {quantity:8} A {short(first.median):>8}   B {short(second.median):>8}"
            f"   B/A {ratio.text()}"
        )
    return answer


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    add = parser.add_argument
    add("checkouts", nargs=2, type=Path, metavar="CHECKOUT", help="A and B")
    add("--measures", default=DEFAULT, metavar="X,Y", help="by default %(default)s")
    add("--pairs", type=int, default=5, metavar="N", help="how often, by default %(default)s")
    add("--seconds", type=float, default=1.5, metavar="S", help="length of one run")
    return parser.parse_args()


if __name__ == "__main__":
    main()
