"""Target ratios, and whether a run meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.results import Run

OURS, BARE = "django_jobs", "bare"
SIDEKIQ = ("sidekiq", "sidekiq_hiredis")
POOL, EXECUTOR = "django_jobs_thread_pool", "thread_pool_executor"
NO_PEERS = {OURS, BARE, POOL, EXECUTOR, *SIDEKIQ}
IDEAL_IO = 25 / 0.010
"""The ideal rate of jobs that wait for 10 ms each, 25 at a time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target."""

    what: str
    reach: Callable[[Run], float | None]
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    def is_met(self, value: float) -> bool:
        """Return whether a value meets the target."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    @property
    def text(self) -> str:
        """The target as text."""
        sign, bound = ("≥", self.at_least) if self.at_most is None else ("≤", self.at_most)
        return f"{sign} {bound:g}{self.unit}"


def own(measure: str, name: str) -> Callable[[Run], float | None]:
    """Return a function that returns one of our numbers."""
    return lambda run: run.number(OURS, measure, name)


def over(
    measure: str, name: str, others: Callable[[Run], Iterable[str]]
) -> Callable[[Run], float | None]:
    """Return a function that divides one of our numbers by the greatest of the others."""

    def reach(run: Run) -> float | None:
        values = [run.number(other, measure, name) for other in others(run)]
        # Systems without coroutines are compared by their functions.
        if measure == "drain_async":
            values += [run.number(other, "drain", name) for other in others(run)]
        return divided(run.number(OURS, measure, name), greatest(values))

    return reach


def peers(run: Run) -> Iterable[str]:
    """Return the other Python systems."""
    return [name for name in run.systems if name not in NO_PEERS]


def all_peers(run: Run) -> Iterable[str]:
    """Return all systems except ours."""
    return [*peers(run), *SIDEKIQ]


def sidekiq(run: Run) -> Iterable[str]:
    """Return both variants of Sidekiq."""
    return SIDEKIQ


def bare(run: Run) -> Iterable[str]:
    """Return the loop around redis-py."""
    return [BARE]


def greatest(values: Iterable[float | None]) -> float | None:
    """Return the greatest value that is not None."""
    return max((value for value in values if value is not None), default=None)


def divided(number: float | None, by: float | None) -> float | None:
    """Return the quotient of two values, or None if one of them is."""
    return number / by if number is not None and by else None


def _of(number: Callable[[Run], float | None], ideal: float) -> Callable[[Run], float | None]:
    return lambda run: divided(number(run), ideal)


def _quotient(
    first: tuple[str, str, str], second: tuple[str, str, str]
) -> Callable[[Run], float | None]:
    return lambda run: divided(run.number(*first), run.number(*second))


TARGETS = (
    Target("no-ops / Sidekiq", over("drain", "rate", sidekiq), 4),
    Target("no-ops / fastest Python peer", over("drain", "rate", peers), 7),
    Target("no-ops / bare loop", over("drain", "rate", bare), 0.30),
    Target("coroutine no-ops / Sidekiq", over("drain_async", "rate", sidekiq), 4),
    Target("coroutine no-ops / fastest Python peer", over("drain_async", "rate", peers), 7),
    Target("coroutine no-ops / bare loop", over("drain_async", "rate", bare), 0.30),
    Target("10 ms I/O at 25 / ideal", _of(own("io", "rate"), IDEAL_IO), 0.95),
    Target(
        "10 ms coroutine I/O at 500 / coroutine no-ops",
        _quotient((OURS, "io_async", "rate"), (OURS, "drain_async", "rate")),
        0.90,
    ),
    Target("enqueue one / bare LPUSH", over("enqueue", "rate", bare), 0.80),
    Target("enqueue one / fastest peer", over("enqueue", "rate", all_peers), 1),
    Target("bulk / pipelined bare loop", over("bulk", "rate", bare), 0.85),
    Target("bulk / fastest Python peer", over("bulk", "rate", peers), 5),
    Target("idle → start, p50 / bare BRPOP", over("start", "p50_ms", bare), at_most=1.2),
    Target("idle → start, p99", own("start", "p99_ms"), at_most=5, unit=" ms"),
    Target("scheduled late, p99", own("late", "p99_ms"), at_most=20, unit=" ms"),
    Target("scheduled late, max", own("late", "max_ms"), at_most=50, unit=" ms"),
    Target("the same with five workers, p99", own("late_five", "p99_ms"), at_most=20, unit=" ms"),
    Target("the same with five workers, max", own("late_five", "max_ms"), at_most=50, unit=" ms"),
    Target("scheduled jobs that start early", own("late", "early"), at_most=0),
    Target("lost or stuck at kill -9", own("crash", "missing"), at_most=0),
    Target("round trips a job in a drain", own("drain", "round_trips"), at_most=0.1),
    Target("commands of an idle worker", own("idle", "commands_a_minute"), at_most=30, unit="/min"),
    Target("idle worker of the example site", own("memory", "site_mb"), at_most=75, unit=" MB"),
    Target("waiting small job in Redis", own("enqueue", "bytes"), at_most=450, unit=" bytes"),
    Target("memory after 500,000 jobs / 20,000", own("memory", "growth_to_500000"), at_most=1.05),
    Target("idle beside unstarted jobs", own("fairness", "idle_s"), at_most=0.1, unit=" s"),
    Target("queue weights in batches, off by", own("fairness", "weights_off"), at_most=0.10),
    Target(
        "thread pool / ThreadPoolExecutor",
        _quotient((POOL, "submit", "rate"), (EXECUTOR, "submit", "rate")),
        0.30,
    ),
    Target(
        "thread pool: start, p99",
        lambda run: run.number(POOL, "submit_start", "p99_ms"),
        at_most=3,
        unit=" ms",
    ),
    Target(
        "thread pool: enqueue costs the caller",
        lambda run: run.number(POOL, "submit_start", "call_us"),
        at_most=100,
        unit=" µs",
    ),
    Target("rate with 1,000,000 waiting / 1,000", own("growth", "waiting"), 0.8),
    Target("rate with 50 queues / one", own("growth", "queues"), 0.9),
    Target("rate with 1,000 periodic tasks / none", own("growth", "periodic"), 0.95),
)
