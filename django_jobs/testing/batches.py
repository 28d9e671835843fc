"""Assertions about batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django_jobs.backends import JobBackend, our_backend
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, AnyTask
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchRecord, BatchState
from django_jobs.jobs.metadata import decode_metadata, encode_metadata
from django_jobs.relations.batches import Batch

from .conditions import ANYTHING
from .hints import commit_hint
from .waiting import EVERYTHING

LISTED = 20
"""The most batches in a message."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that a batch has to meet.

    Attributes:
        text: for the sentence "No batch … has succeeded."
        is_met: returns whether a batch meets it.
    """

    text: str
    is_met: Callable[[BatchRecord], bool]


def assert_batch_enqueued(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    on_success: AnyTask | None = ANYTHING,
    on_end: AnyTask | None = ANYTHING,
    on_death: AnyTask | None = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Batch:
    """Assert that a batch was opened and has not ended; what is left out matches anything.

    Args:
        metadata: all of it.
        total: how many members it has.
        on_success: the task of this callback, or None for no such callback; and so for the others.
        backend: alias in `TASKS`.

    Returns:
        The last such batch.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    found = _backend(backend)
    wanted = [
        *_conditions(name, metadata, total),
        *_on_callbacks(found, BatchEvent.SUCCESS, on_success),
        *_on_callbacks(found, BatchEvent.END, on_end),
        *_on_callbacks(found, BatchEvent.DEATH, on_death),
    ]
    return _find(found, {BatchState.OPEN, BatchState.RUNNING}, wanted, "was enqueued")


def assert_batch_succeeded(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Batch:
    """Assert that a batch has ended, and that all members succeeded or discarded themselves.

    Args:
        name: this and the others are those of `assert_batch_enqueued`.

    Returns:
        The last such batch.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = _conditions(name, metadata, total)
    return _find(_backend(backend), {BatchState.SUCCEEDED}, wanted, "has succeeded")


def assert_batch_failed(
    *,
    name: str = ANYTHING,
    metadata: Mapping[str, Any] = ANYTHING,
    total: int = ANYTHING,
    backend: str = DEFAULT_TASK_BACKEND_ALIAS,
) -> Batch:
    """Assert that a batch has ended without success: members are dead, or it was cancelled.

    Args:
        name: this and the others are those of `assert_batch_enqueued`.

    Returns:
        The last such batch, with its `counts`.

    Raises:
        AssertionError: there is none, with those that there are.
    """
    __tracebackhide__ = True  # of pytest
    wanted = _conditions(name, metadata, total)
    return _find(_backend(backend), {BatchState.FAILED}, wanted, "has failed")


def _backend(alias: str) -> JobBackend:
    __tracebackhide__ = True  # of pytest
    found = our_backend(alias)
    if found is None:
        raise AssertionError(f"TASKS[{alias!r}] is not a backend of django_jobs.")
    return found


def _find(
    backend: JobBackend, states: set[BatchState], wanted: Iterable[Condition], what: str
) -> Batch:
    __tracebackhide__ = True  # of pytest
    conditions = [*wanted]
    records = backend.broker.batches.list(limit=EVERYTHING)
    for record in records:
        if record.state in states and all(one.is_met(record) for one in conditions):
            return Batch.get(record.id, backend=backend.alias)
    text = "".join(f" {one.text}" for one in conditions)
    raise AssertionError(f"No batch{text} {what}. {_listed(records[:LISTED])}")


def _conditions(name: str, metadata: Mapping[str, Any], total: int) -> list[Condition]:
    wanted: list[Condition] = []
    if name is not ANYTHING:
        wanted.append(Condition(f"named {name!r}", lambda batch: batch.name == name))
    if metadata is not ANYTHING:
        text = f"with metadata {dict(metadata)!r}"
        expected = decode_metadata(encode_metadata(metadata))
        wanted.append(Condition(text, lambda one: decode_metadata(one.metadata) == expected))
    if total is not ANYTHING:
        wanted.append(Condition(f"of {total} jobs", lambda one: one.counts.total == total))
    return wanted


def _on_callbacks(
    backend: JobBackend, event: BatchEvent, task: AnyTask | None
) -> Iterator[Condition]:
    if task is ANYTHING:
        return
    path = None if task is None else task.module_path

    def has_it(batch: BatchRecord) -> bool:
        job_id = batch.callbacks.get(event)
        record = backend.broker.inspection.find(job_id) if job_id else None
        return path == (record.job.task if record else None)

    yield Condition(f"with on_{event} {path}", has_it)


def _listed(records: Iterable[BatchRecord]) -> str:
    """Return a sentence about the batches that there are, and about what may be missing."""
    lines = [f"\n  {_line(record)}" for record in records]
    sentence = f"These batches are there:{''.join(lines)}" if lines else "There are no batches."
    return sentence + commit_hint(has_jobs=bool(lines))


def _line(record: BatchRecord) -> str:
    counts = record.counts
    name = f"{record.name!r}" if record.name else record.id
    named = zip(("open", "succeeded", "dead", "discarded"), counts[1:], strict=True)
    parts = "".join(f", {count} {what}" for what, count in named if count)
    return f"{name}, {record.state.value}: {counts.total} jobs{parts}"
