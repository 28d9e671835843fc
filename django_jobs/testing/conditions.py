"""Conditions that a job, or a batch, has to meet in an assertion."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django_jobs.clock import to_ms
from django_jobs.compat import Task
from django_jobs.jobs.records import Job
from django_jobs.relations.batches import Batch
from django_jobs.serialization.arguments import dump_arguments

Subject = TypeVar("Subject")

TOLERANCE = 1000
"""The milliseconds by which a `run_after` may differ."""


class _Anything:
    """The default of arguments that match anything."""


ANYTHING: Any = _Anything()


@dataclass(frozen=True, slots=True)
class Condition(Generic[Subject]):
    """One condition.

    Attributes:
        text: for the sentence "No job … was enqueued."
        is_met: returns whether a job, or a batch, meets it.
    """

    text: str
    is_met: Callable[[Subject], bool]


def to_conditions(
    task: Task[..., Any] | None,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    queue_name: str,
    priority: int = ANYTHING,
    run_after: datetime | timedelta | None = ANYTHING,
    batch: Batch | None = ANYTHING,
) -> list[Condition[Job]]:
    """Return the conditions for the arguments of an assertion."""
    wanted: list[Condition[Job]] = []
    if task is not None:
        path = task.module_path
        wanted.append(Condition(f"of {path}", lambda job: job.task == path))
    wanted += _on_arguments(args, kwargs)
    if queue_name is not ANYTHING:
        text = f"in the queue {queue_name!r}"
        wanted.append(Condition(text, lambda job: job.queue == queue_name))
    if priority is not ANYTHING:
        text = f"with priority {priority}"
        wanted.append(Condition(text, lambda job: job.priority == priority))
    if run_after is not ANYTHING:
        text = f"with run_after {run_after}"
        wanted.append(Condition(text, lambda job: _is_due(job, run_after)))
    if batch is not ANYTHING:
        batch_id = "" if batch is None else batch.id
        text = "of no batch" if batch is None else f"of {batch!r}"
        wanted.append(Condition(text, lambda job: job.batch == batch_id))
    return wanted


def to_text(conditions: Iterable[Condition[Any]]) -> str:
    """Return the conditions as a part of a sentence."""
    return "".join(f" {one.text}" for one in conditions)


def _on_arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Condition[Job]]:
    """Compare the JSON forms: a tuple travels as a list, and this reads no row."""
    if args is not ANYTHING:
        positional = json.loads(dump_arguments(tuple(args), {}))[0]
        yield Condition(
            f"with args {tuple(args)!r}", lambda job: json.loads(job.arguments)[0] == positional
        )
    if kwargs is not ANYTHING:
        named = json.loads(dump_arguments((), dict(kwargs)))[1]
        yield Condition(
            f"with kwargs {dict(kwargs)!r}", lambda job: json.loads(job.arguments)[1] == named
        )


def _is_due(job: Job, run_after: datetime | timedelta | None) -> bool:
    if run_after is None or job.run_at is None:
        return run_after is None and job.run_at is None
    if isinstance(run_after, timedelta):
        expected = job.enqueued_at + round(run_after.total_seconds() * 1000)
    else:
        expected = to_ms(run_after)
    return abs(job.run_at - expected) <= TOLERANCE
