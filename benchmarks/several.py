"""Measures one Redis server and three: `python -m benchmarks.several`.

Each line is taken twice: with servers that may use a core each, and with servers that are held to a
small share of a core each. The second stands for what a small machine lacks: cores for servers
that are busy with nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environment import ROOT
from benchmarks.numbers import Spread
from benchmarks.stage import Files, MeasureError, Worker, kill
from tests.support.redis_server import RedisServer

COUNTS = (1, 3)
"""The numbers of servers."""

PERIOD, QUOTA = 20_000, 1_000
"""Microseconds: a held server runs for at most so many (QUOTA) of each PERIOD."""

GROUPS = Path("/sys/fs/cgroup/cpu")
"""The groups of version 1 of Linux's cgroups, which give a process its share."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a number of jobs took.

    Attributes:
        ours: seconds of CPU of the worker, or of the process that enqueued them.
        servers: seconds of CPU of all servers together.
    """

    jobs: int
    seconds: float
    ours: float
    servers: float

    @property
    def rate(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds

    @property
    def redis_us(self) -> float:
        """Microseconds of CPU that a job costs Redis."""
        return self.servers / self.jobs * 1e6

    @property
    def our_us(self) -> float:
        """Microseconds of CPU that a job costs the other process."""
        return self.ours / self.jobs * 1e6


Costs = dict[str, Cost]
"""What each kind of call took."""


def main() -> None:
    """Take turns with one server and three, and print the medians."""
    options = arguments()
    for held in (False, True):
        jobs = options.size * (300 if held else 900)  # divides by threads and bulk calls
        runs: dict[int, list[Costs]] = {count: [] for count in COUNTS}
        for _ in range(options.rounds):
            for count in COUNTS:
                runs[count].append(measured(count, jobs, held=held))
        share = f"{QUOTA / PERIOD:.0%} of a core" if held else "a core"
        print(f"Each server may use {share}; {jobs:,} jobs, {options.rounds} rounds:")
        for line in lines(runs):
            print(f"  {line}", flush=True)


def measured(count: int, jobs: int, *, held: bool) -> Costs:
    """Enqueue jobs to so many servers, and run them."""
    with ExitStack() as stack:
        servers = [stack.enter_context(server(held=held)) for _ in range(count)]
        urls = " ".join(each.url for each in servers)
        single = enqueued("single", jobs // 20, servers, urls)
        for each in servers:
            each.client().flushall()
        bulk = enqueued("bulk", jobs, servers, urls)
        return {"enqueue": single, "bulk": bulk, "drain": drained(jobs, servers, urls)}


@contextmanager
def server(*, held: bool) -> Iterator[RedisServer]:
    """Run a Redis without persistence, which may be held to its share of a core."""
    redis = RedisServer(["appendonly no"])
    redis.start()
    held_by = share(int(redis.client().info("server")["process_id"])) if held else nullcontext()
    with held_by:
        try:
            yield redis
        finally:
            redis.stop()  # first: a group goes only when nobody is in it


@contextmanager
def share(process: int) -> Iterator[None]:
    """Hold a process to its share of a core."""
    group = GROUPS / f"jobs-bench-{process}"
    try:
        group.mkdir()
        (group / "cpu.cfs_period_us").write_text(str(PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(QUOTA))
        (group / "cgroup.procs").write_text(str(process))
    except OSError as error:
        raise MeasureError(f"Servers can't be held to a share: {error}. It needs root.") from error
    try:
        yield
    finally:
        group.rmdir()


def enqueued(verb: str, jobs: int, servers: Sequence[RedisServer], urls: str) -> Cost:
    """Enqueue jobs by one process with a few threads."""
    before = cpu(servers)
    command = [sys.executable, "-m", "benchmarks.site.spread", verb, str(jobs)]
    done = subprocess.run(command, env=environment(urls), cwd=ROOT, capture_output=True, check=True)
    took = json.loads(done.stdout)
    return Cost(jobs, took["seconds"], took["cpu"], cpu(servers) - before)


def drained(jobs: int, servers: Sequence[RedisServer], urls: str) -> Cost:
    """Run jobs by one worker process, which serves all servers."""
    command = [sys.executable, "-m", "django", "runworker", "--all-backends", "--processes", "1"]
    before = cpu(servers)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        files, log = Files(Path(folder)), Path(folder, "log")
        variables = {**environment(urls), **files.environment, "BENCH_COUNT": str(jobs)}
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=variables,
                cwd=ROOT,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            report = Worker(process, files, log).report()
        except MeasureError as error:
            raise MeasureError(f"{error}\n{log.read_text()}") from error
        finally:
            kill(process)
    return Cost(report["jobs"], report["seconds"], report["cpu"], cpu(servers) - before)


def environment(urls: str) -> dict[str, str]:
    """Return the variables of a process that uses these servers."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "benchmarks.site.several",
        "BENCH_URLS": urls,
    }


def cpu(servers: Sequence[RedisServer]) -> float:
    """Return the seconds of CPU that servers have used."""
    used = [each.client().info("cpu") for each in servers]
    return sum(float(each["used_cpu_user"]) + float(each["used_cpu_sys"]) for each in used)


def lines(runs: dict[int, list[Costs]]) -> Iterator[str]:
    """Yield a line for each kind of call and number of servers, and how three compare with one."""
    one, three = (runs[count] for count in COUNTS)
    for kind in one[0]:
        for count, found in runs.items():
            costs = [each[kind] for each in found]
            rate = Spread(tuple(cost.rate for cost in costs))
            redis = Spread(tuple(cost.redis_us for cost in costs))
            ours = Spread(tuple(cost.our_us for cost in costs))
            part = Spread(tuple(cost.servers / (cost.servers + cost.ours) for cost in costs))
            yield (
                f"{kind:8} {count} servers: {rate.text()} jobs/s; CPU µs a job: Redis"
                f" {redis.text()}, the other process {ours.text()}; Redis has {part.median:.0%}"
            )
        pairs = zip(one, three, strict=True)
        ratio = Spread(tuple(many[kind].rate / single[kind].rate for single, many in pairs))
        yield f"{kind:8} three servers do {ratio.text()} times as many jobs as one"


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.several", description=__doc__)
    add = parser.add_argument
    add("--size", type=int, default=60, metavar="N", help="of a run, by default %(default)s")
    add("--rounds", type=int, default=3, metavar="N", help="by default %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
