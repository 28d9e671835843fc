"""The list of all jobs in memory, in the order in which Redis has it."""

from __future__ import annotations

import math

from django_jobs.brokers.constants import LINED_UP
from django_jobs.brokers.inspection.filters import (
    LISTED,
    Candidate,
    Cursor,
    Filter,
    ScanReply,
    came_at,
)
from django_jobs.jobs.records import State

from .store import Store
from .stored_job import StoredJob

Key = tuple[str, float, str]

MOST = 10_000
"""How many jobs one call looks at, so that no push waits long for the lock."""


def scan(store: Store, wanted: Filter, after: Cursor | None, most: int, now: int) -> ScanReply:
    """Look at a portion of the list; see `Inspection.scan`."""
    place = after if after and after.state in wanted.ordered_states else None
    seen: list[StoredJob] = []
    total = left = 0
    for state in wanted.ordered_states:
        chosen = _chosen(store, wanted, state)
        total += len(chosen)
        if place and _rank(state) < _rank(place.state):
            continue
        room = min(most, MOST) - len(seen)
        behind = _behind(chosen, state, place) if room else chosen
        seen += behind[:room]
        left += len(behind[room:])
    return ScanReply(
        candidates=tuple(_candidate(entry, wanted, now) for entry in seen),
        scanned=len(seen),
        total=total,
        left=left,
        end=_candidate(seen[-1], wanted, now).cursor if seen else None,
        at=now,
    )


def _rank(state: State) -> int:
    return LISTED.index(state)


def _chosen(store: Store, wanted: Filter, state: State) -> list[StoredJob]:
    """Return the jobs of a state that are listed, in any order."""
    members = store.members[state]
    if wanted.id is None:
        entries = list(members.values())
    else:
        entries = [members[wanted.id]] if wanted.id in members else []
    if state in LINED_UP and wanted.queue is not None:
        return [entry for entry in entries if entry.job.queue == wanted.queue]
    if state in {*LINED_UP, State.RUNNING} or (wanted.since is None and wanted.until is None):
        return entries
    since = -math.inf if wanted.since is None else wanted.since
    until = math.inf if wanted.until is None else wanted.until
    return [entry for entry in entries if since <= _score(entry) <= until]


def _behind(entries: list[StoredJob], state: State, place: Cursor | None) -> list[StoredJob]:
    """Return in order what is listed behind a place, which may be in an earlier state."""
    ordered = sorted(entries, key=_key, reverse=state.is_final)
    if place is None or place.state is not state:
        return ordered
    there = (place.part, float(place.score), place.id)
    if state.is_final:
        return [entry for entry in ordered if _key(entry) < there]
    return [entry for entry in ordered if _key(entry) > there]


def _key(entry: StoredJob) -> Key:
    return _part(entry), _score(entry), entry.job.id


def _part(entry: StoredJob) -> str:
    match entry.state:
        case State.QUEUED | State.WAITING:
            return entry.job.queue
        case State.RUNNING:
            return entry.workers[-1]
        case _:
            return ""


def _score(entry: StoredJob) -> int:
    match entry.state:
        case State.QUEUED | State.WAITING:
            return entry.place
        case State.RUNNING:
            return 0
        case _:
            return entry.ended_at if entry.state.is_final else entry.due_at or 0


def _candidate(entry: StoredJob, wanted: Filter, now: int) -> Candidate:
    moments = {
        State.QUEUED: entry.job.enqueued_at,
        State.WAITING: entry.job.enqueued_at,
        State.RUNNING: entry.last_attempted_at or 0,
    }
    return Candidate(
        state=entry.state,
        part=_part(entry),
        score=str(_score(entry)),
        id=entry.job.id,
        token=str(entry.token or ""),
        task=entry.job.task,
        queue=entry.job.queue,
        arguments="" if wanted.text is None else entry.job.arguments,
        error=entry.failures[-1].exception if entry.failures and wanted.error is not None else "",
        batch="" if wanted.batch is None else entry.job.batch,
        came_at=came_at(entry.state, entry.job.enqueued_at, entry.queued_at, now),
        last_attempted_at=entry.last_attempted_at or 0,
        moment=moments.get(entry.state, _score(entry)),
    )
