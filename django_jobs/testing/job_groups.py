"""How assertions find a batch or a workflow, and what they say if there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypeVar

from django_jobs.backends import JobBackend, our_backend
from django_jobs.jobs.batches import BatchRecord, BatchState
from django_jobs.jobs.metadata import decode_metadata, encode_metadata
from django_jobs.relations.batches import Batch
from django_jobs.relations.workflows import Workflow

from .conditions import ANYTHING, Condition, to_text
from .hints import commit_hint
from .waiting import EVERYTHING

Group = TypeVar("Group", Batch, Workflow)

LISTED = 20
"""The most batches or workflows in a message."""

UNFINISHED = frozenset({BatchState.OPEN, BatchState.RUNNING})


GroupCondition: TypeAlias = Condition[BatchRecord]
"""A condition that a batch or a workflow has to meet."""


def to_backend(alias: str) -> JobBackend:
    """Return the backend of an alias.

    Raises:
        AssertionError: it is none of django_jobs.
    """
    __tracebackhide__ = True  # of pytest
    found = our_backend(alias)
    if found is None:
        raise AssertionError(f"TASKS[{alias!r}] is not a backend of django_jobs.")
    return found


def to_group_conditions(name: str, metadata: Mapping[str, Any], total: int) -> list[GroupCondition]:
    """Return the conditions for the arguments of an assertion."""
    wanted: list[GroupCondition] = []
    if name is not ANYTHING:
        wanted.append(Condition(f"named {name!r}", lambda one: one.name == name))
    if metadata is not ANYTHING:
        text = f"with metadata {dict(metadata)!r}"
        expected = decode_metadata(encode_metadata(metadata))
        wanted.append(Condition(text, lambda one: decode_metadata(one.metadata) == expected))
    if total is not ANYTHING:
        wanted.append(Condition(f"of {total} jobs", lambda one: one.counts.total == total))
    return wanted


def find_group(
    group: type[Group],
    backend: str,
    states: Iterable[BatchState],
    wanted: Iterable[GroupCondition],
    what: str,
) -> Group:
    """Return the last batch or workflow that is in one of the states and meets all conditions.

    Args:
        group: which of the two.
        what: what should have become of it, for the message.

    Raises:
        AssertionError: there is none.
    """
    __tracebackhide__ = True  # of pytest
    is_workflow = issubclass(group, Workflow)
    noun, nouns = ("workflow", "workflows") if is_workflow else ("batch", "batches")
    records = to_backend(backend).broker.batches.list(workflows=is_workflow, limit=EVERYTHING)
    conditions = [*wanted]
    for record in records:
        if record.state in states and all(one.is_met(record) for one in conditions):
            return group.get(record.id, backend=backend)
    raise AssertionError(
        f"No {noun}{to_text(conditions)} {what}. {_listed(records[:LISTED], nouns)}"
    )


def _listed(records: Iterable[BatchRecord], nouns: str) -> str:
    """Return a sentence about those that there are, and about what may be missing."""
    lines = [f"\n  {_line(record)}" for record in records]
    sentence = f"These {nouns} are there:{''.join(lines)}" if lines else f"There are no {nouns}."
    return sentence + commit_hint(has_jobs=bool(lines))


def _line(record: BatchRecord) -> str:
    counts = record.counts
    name = f"{record.name!r}" if record.name else record.id
    named = zip(("open", "succeeded", "dead", "discarded"), counts[1:], strict=True)
    parts = "".join(f", {count} {what}" for what, count in named if count)
    return f"{name}, {record.state.value}: {counts.total} jobs{parts}"
