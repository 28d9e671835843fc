"""What the doctor of the broker in memory finds in batches and workflows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from django_jobs.brokers.doctor import Trouble
from django_jobs.jobs.records import State

from .additions import Change
from .cases import Case, case
from .stored_job import StoredJob

if TYPE_CHECKING:
    from .store import Store


def cases_of_groups(store: Store, now: Callable[[], int]) -> Iterator[Case]:
    """Yield what does not fit together; the caller holds the broker's lock."""
    yield from _counts(store)
    yield from _waits(store, now())
    yield from _added(store)


def _counts(store: Store) -> Iterator[Case]:
    memberships = store.memberships
    unfinished = Counter(
        entry.job.batch for entry in store.entries.values() if not entry.state.is_final
    )
    for batch_id, batch in memberships.batches.items():
        if batch.open != unfinished[batch_id] and not store.edges.happened:
            detail = f"{batch.open} open members instead of {unfinished[batch_id]}"
            repair = partial(memberships.correct, batch, unfinished[batch_id])
            yield case(Trouble.WRONG_COUNT, batch_id, detail, repair=repair)


def _waits(store: Store, now: int) -> Iterator[Case]:
    expected = store.edges.expected() | store.nodes.additions.expected()
    for job_id, entry in store.members[State.WAITING].items():
        if entry.open_edges and job_id not in expected:
            repair = partial(store.edges.end_wait, entry, now)
            awaited = ":".join(entry.waits_for or ())
            yield case(Trouble.STRAY_WAIT, job_id, awaited, repair=repair)


def _added(store: Store) -> Iterator[Case]:
    """Compare what nodes say of those that they have added with these, unless events are left."""
    if store.edges.happened:
        return
    entries = store.entries.values()
    added = [entry for entry in entries if entry.adder and entry.job.batch]
    open_nodes = Counter(one.adder for one in added if one.is_open)
    failed = Counter(one.adder for one in added if one.has_failed)
    for entry in entries:
        right = open_nodes[entry.job.id], failed[entry.job.id]
        change = _correction(entry, *right)
        if change != Change(0, 0):
            said = f"{entry.open_added}:{entry.failed_added}"
            instead = ":".join(map(str, right))
            detail = f"{said} open and failed nodes that it has added instead of {instead}"
            repair = partial(store.nodes.added_changed, entry, change)
            yield case(Trouble.WRONG_COUNT, entry.job.id, detail, repair=repair)


def _correction(entry: StoredJob, number: int, failures: int) -> Change:
    """Return by how much the counts of a node are off that has added others.

    What is missing counts as failed. More may have failed than are left, as an operator may delete
    them.
    """
    missing = max(0, entry.open_added - number)
    failed = max(entry.failed_added + missing, failures)
    return Change(number - entry.open_added, failed - entry.failed_added)
