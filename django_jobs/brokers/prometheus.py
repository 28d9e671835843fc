"""The metrics of a broker, and Prometheus' text format for them, version 0.0.4."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from django_jobs.brokers.base import Broker
from django_jobs.brokers.batches import Batches
from django_jobs.brokers.inspection.base import Inspection
from django_jobs.brokers.inspection.limits import SHOWN_LIMITS, LimitInfo, busiest
from django_jobs.metrics.histogram import BOUNDS, Histogram
from django_jobs.metrics.history import TaskMetrics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

SHOWN = tuple(bound for bound in BOUNDS if str(bound).rstrip("0") in {"1", "3"})
"""Upper bounds in milliseconds, two per power of ten: each bound is a time series of its own."""

Sample = tuple[str, Mapping[str, str], float]
"""The suffix of the metric's name, its labels, and its value."""


class Family(NamedTuple):
    """The samples of one metric.

    Attributes:
        kind: gauge, counter or histogram.
        text: what it measures, in one sentence.
    """

    name: str
    kind: str
    text: str
    samples: tuple[Sample, ...]


def families(broker: Broker) -> Iterator[Family]:
    """Yield all metrics of a broker."""
    for part in (_of_states, _of_queues, _of_limits, _of_workers, _of_attempts, _of_tasks):
        yield from part(broker.inspection)
    yield from _of_batches(broker.batches)


def exposition(broker: Broker) -> str:
    """Return all metrics as text."""
    text = "".join(line for family in families(broker) for line in _as_text(family))
    # Names of queues can contain lone surrogates, which UTF-8 cannot encode.
    return text.encode(errors="replace").decode()


def _of_states(inspection: Inspection) -> Iterator[Family]:
    counts = inspection.counts()
    yield _family(
        "jobs",
        "gauge",
        "Jobs in each state.",
        (("", {"state": state.value}, count) for state, count in counts.items()),
    )


def _of_queues(inspection: Inspection) -> Iterator[Family]:
    queues = inspection.queues()
    for name, text, value in (
        ("queue_size", "Jobs of a queue that are ready to start.", lambda one: one.size),
        (
            "queue_latency_seconds",
            "How long the next job of a queue has been waiting.",
            lambda one: one.latency / 1000,
        ),
        ("queue_waiting", "Jobs of a queue that wait for a limit.", lambda one: one.waiting),
        ("queue_paused", "Whether a queue is paused.", lambda one: int(one.paused)),
    ):
        yield _family(
            name, "gauge", text, (("", {"queue": one.name}, value(one)) for one in queues)
        )


def _of_limits(inspection: Inspection) -> Iterator[Family]:
    known = inspection.limits.all()
    shown = busiest(known, SHOWN_LIMITS)
    others = sum(limit.waiting for limit in known) - sum(limit.waiting for limit in shown)
    by_name: list[Sample] = [("", _of(limit), limit.waiting) for limit in shown]
    yield _family(
        "limit_waiting",
        "gauge",
        "Jobs that wait for a limit; limits with fewer of them are added up without a name.",
        [*by_name, ("", {"limit": "", "kind": ""}, others)] if len(known) > len(shown) else by_name,
    )
    yield _family(
        "limit_paused",
        "gauge",
        "Whether a limit is paused.",
        [("", _of(limit), int(limit.paused)) for limit in shown],
    )


def _of(limit: LimitInfo) -> Mapping[str, str]:
    return {"limit": limit.name, "kind": limit.kind.word}


def _of_workers(inspection: Inspection) -> Iterator[Family]:
    workers = inspection.workers()
    for name, text, value in (
        ("workers", "Workers that send heartbeats.", len(workers)),
        ("worker_threads", "Threads of all workers.", sum(one.concurrency for one in workers)),
        ("workers_quiet", "Workers that take no more jobs.", sum(one.quiet for one in workers)),
        (
            "jobs_stuck",
            "Running jobs that have passed their timeout.",
            sum(len(one.stuck) for one in workers),
        ),
    ):
        yield _family(name, "gauge", text, [("", {}, value)])


def _of_attempts(inspection: Inspection) -> Iterator[Family]:
    totals = inspection.totals()
    yield _family(
        "attempts_total",
        "counter",
        "Attempts since the store was created.",
        [
            ("", {"outcome": "succeeded"}, totals.succeeded),
            ("", {"outcome": "failed"}, totals.failed),
        ],
    )


def _of_tasks(inspection: Inspection) -> Iterator[Family]:
    tasks = inspection.metrics.counters()
    yield _family(
        "task_attempts_total",
        "counter",
        "Attempts of each task. The counters restart from zero every 90 days.",
        (
            ("", {"task": one.task, "outcome": outcome}, count)
            for one in tasks
            for outcome, count in (("succeeded", one.succeeded), ("failed", one.failed))
        ),
    )
    yield from _times(
        "task_latency_seconds",
        "Time from when a job was ready until it started.",
        tasks,
        lambda one: one.latency,
    )
    yield from _times(
        "task_duration_seconds",
        "Time from the start of an attempt to its end.",
        tasks,
        lambda one: one.duration,
    )


def _of_batches(batches: Batches) -> Iterator[Family]:
    yield _family(
        "batches_unfinished",
        "gauge",
        "Batches that are open, or have jobs that have not ended.",
        [("", {}, batches.count_unfinished())],
    )
    yield _family(
        "workflows_unfinished",
        "gauge",
        "Workflows that have jobs that have not ended.",
        [("", {}, batches.count_unfinished(workflows=True))],
    )


def _times(
    name: str,
    text: str,
    tasks: Sequence[TaskMetrics],
    histogram_of: Callable[[TaskMetrics], Histogram],
) -> Iterator[Family]:
    samples = (sample for one in tasks for sample in _histogram(one.task, histogram_of(one)))
    yield _family(name, "histogram", text, samples)


def _histogram(task: str, histogram: Histogram) -> Iterator[Sample]:
    below = 0
    for bound, count in zip(BOUNDS, histogram.counts, strict=False):
        below += count
        if bound in SHOWN:
            yield "_bucket", {"task": task, "le": f"{bound / 1000:g}"}, below
    yield "_bucket", {"task": task, "le": "+Inf"}, histogram.count
    yield "_sum", {"task": task}, histogram.total / 1000
    yield "_count", {"task": task}, histogram.count


def _family(name: str, kind: str, text: str, samples: Iterable[Sample]) -> Family:
    return Family(f"django_jobs_{name}", kind, text, tuple(samples))


def _as_text(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {family.text}\n# TYPE {family.name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        pairs = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        name = f"{family.name}{suffix}"
        yield f"{name}{{{pairs}}} {value}\n" if pairs else f"{name} {value}\n"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
