"""Compares jobs that have to do with others with plain ones: `python -m benchmarks.relations`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.declaration import System, read_all
from benchmarks.environment import ROOT, prepare
from benchmarks.measures.sizing import sized
from benchmarks.measures.throughput import drained, filled_and_drained
from benchmarks.numbers import Spread, short
from benchmarks.stage import Figures, MeasureError, Stage
from tests.support.redis_server import RedisServer

PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of jobs.

    Attributes:
        name: as in `benchmarks/site/relations.py`.
        what: for the table.
        at_least: the bar for its rate over that of plain jobs, or None for none.
        per: what the further bytes of each of its jobs are for.
    """

    name: str
    what: str
    at_least: float | None
    per: str


KINDS = (
    Kind("unique", "unique, each with a lock of its own", 0.85, "lock"),
    Kind("fair", "in turns of 100 fair keys", 0.85, "turn"),
    Kind("fair_keys", "in turns, each with a fair key of its own", None, "turn and fair key"),
    Kind("limited", "under a limit that does not bind, 100 keys", 0.80, "limit"),
    Kind("half_blocked", "as many again behind a limit whose slot is taken", 0.65, "pair"),
    Kind("one_each", "under a limit of one job at a time, 100 keys", None, "limit"),
    Kind("batch", "members of one batch", 0.85, "member"),
    Kind("workflow", "in workflows of 100, of which 99 wait for the first", None, "node and edge"),
)


def main() -> None:
    """Measure the kinds given on the command line, each in pairs with plain jobs."""
    options = arguments()
    system = read_all()["django_jobs"]
    prepare(system)
    server = RedisServer(["appendonly no"])
    server.start()
    try:
        compare_all(system, server, options)
    finally:
        server.stop()


def compare_all(system: System, server: RedisServer, options: argparse.Namespace) -> None:
    """Print a line for each kind that the checkout has."""
    stage = Stage(system, server, options.checkout.resolve())
    first = sized(
        *(stage, "relations", options.seconds),
        lambda count: filled_and_drained(stage, "drain", PLAIN, count),
    )
    count = int(first["jobs"])
    plain_bytes = bytes_each(stage, PLAIN, count)
    print(f"{count:,} jobs a run, {options.pairs} pairs; plain: {plain_bytes:.0f} bytes a job")
    for kind in KINDS:
        if options.kinds and kind.name not in options.kinds.split(","):
            continue
        try:
            more = bytes_each(stage, kind.name, count) - plain_bytes
            line = compared(stage, kind, count, options.pairs)
        except MeasureError as error:
            line = f"not measured: {error}"
        else:
            line += f"   {more:+.0f} bytes a {kind.per}"
        print(f"{kind.name:13} {line}   ({kind.what})", flush=True)


def compared(stage: Stage, kind: Kind, count: int, pairs: int) -> str:
    """Return the rate and the CPU time of a kind over those of plain jobs, in alternating runs."""
    rates, costs, redis_costs = [], [], []
    for _ in range(pairs):
        plain, other = run(stage, PLAIN, count), run(stage, kind.name, count)
        rates.append(other["rate"] / plain["rate"])
        costs.append(other["cpu_us"] / plain["cpu_us"])
        redis_costs.append(other["script_us"] / plain["script_us"])
    rate = Spread(tuple(rates))
    verdict = ""
    if kind.at_least is not None:
        met = "met" if rate.median >= kind.at_least else "NOT MET"
        verdict = f" of ≥ {kind.at_least:.2f} {met}"
    return (
        f"rate {rate.text()}{verdict}   worker CPU {short(Spread(tuple(costs)).median)}"
        f"   scripts {short(Spread(tuple(redis_costs)).median)}"
    )


def run(stage: Stage, kind: str, count: int) -> Figures:
    """Run so many jobs of a kind; return also the microseconds that Redis took for each."""
    stage.clear()
    stage.produce("fill", kind, count)
    figures = drained(stage, "drain", count)
    commands = stage.redis.info("commandstats")
    scripts = sum(
        commands.get(f"cmdstat_{name}", {}).get("usec", 0) for name in ("evalsha", "eval")
    )
    return {**figures, "script_us": scripts / count}


def bytes_each(stage: Stage, kind: str, count: int) -> float:
    """Return the bytes in Redis for each waiting job, without what an empty store has."""
    stage.clear()
    stage.produce("fill", kind, 1)
    before = stage.memory()
    stage.clear()
    stage.produce("fill", kind, count)
    return (stage.memory() - before) / (count - 1)


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relations", description=__doc__)
    add = parser.add_argument
    add("--kinds", default="", metavar="X,Y", help="only these, by default all")
    add("--pairs", type=int, default=9, metavar="N", help="how often, by default %(default)s")
    add("--seconds", type=float, default=1.5, metavar="S", help="length of one run")
    add("--checkout", type=Path, default=ROOT, metavar="PATH", help="whose django_jobs to take")
    return parser.parse_args()


if __name__ == "__main__":
    main()
