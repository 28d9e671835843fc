"""How `scan.lua` is asked, and how its reply is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django_jobs.brokers.inspection.filters import Candidate, Cursor, Filter, ScanReply, came_at
from django_jobs.jobs.records import State

from . import codec, records
from .reading import number

MOST = 500
"""How many jobs one call reads, so that no other call waits long."""

MOST_BYTES = 1024 * 1024

FIELDS = (
    *(codec.TASK, codec.QUEUE, codec.TOKEN),
    *(codec.TERMS, codec.QUEUED_AT, codec.LAST_ATTEMPTED_AT),
)
HEAD = 5
"""How many values stand before the fields of each row."""


def arguments(wanted: Filter, after: Cursor | None, most: int) -> list[str | int]:
    """Return the arguments of `scan.lua`."""
    states = wanted.ordered_states
    place = after if after and after.state in states else None
    start = (place.state.value, place.part, place.score, place.id) if place else ("",) * 4
    return [
        *(min(most, MOST), MOST_BYTES, wanted.id or "", wanted.queue or ""),
        "-inf" if wanted.since is None else wanted.since,
        "+inf" if wanted.until is None else wanted.until,
        int(wanted.error is not None),
        *start,
        len(states),
        *states,
        *_fields(wanted),
    ]


def _fields(wanted: Filter) -> tuple[str, ...]:
    return (*FIELDS, *_searched(wanted))


def _searched(wanted: Filter) -> tuple[str, ...]:
    """Return the fields that only some searches need."""
    searched = ((codec.ARGUMENTS, wanted.text), (codec.BATCH, wanted.batch))
    return tuple(name for name, value in searched if value is not None)


def to_portion(wanted: Filter, reply: Sequence[Any]) -> ScanReply:
    """Read the reply of `scan.lua`."""
    at, total, left, flat = reply
    width = HEAD + len(_fields(wanted))
    rows = [flat[start : start + width] for start in range(0, len(flat), width)]
    return ScanReply(
        candidates=tuple(_candidates(wanted, rows, at)),
        scanned=len(rows),
        total=total,
        left=left,
        end=_cursor(rows[-1]) if rows else None,
        at=at,
    )


def _candidates(wanted: Filter, rows: Sequence[Sequence[str]], now: int) -> Iterator[Candidate]:
    is_timed, searched = wanted.is_timed, _searched(wanted)
    for row in rows:
        name, part, score, job_id, error, task, queue, token = row[: HEAD + 3]
        if not any(row[HEAD:]):
            continue  # evicted, or deleted by hand
        state = State(name)
        times = row[HEAD + 3 : HEAD + len(FIELDS)]
        found = dict(zip(searched, row[HEAD + len(FIELDS) :], strict=True))
        yield Candidate(
            state=state,
            part=part,
            score=score,
            id=job_id,
            token=token,
            task=task,
            queue=queue,
            arguments=found.get(codec.ARGUMENTS, ""),
            error=_unescaped(error),
            batch=found.get(codec.BATCH, ""),
            **(_times(state, score, times, now) if is_timed else {}),
        )


def _times(state: State, score: str, times: Sequence[str], now: int) -> dict[str, int]:
    terms, *after = times
    enqueued = records.to_terms(terms)[1] or 0
    queued, began = (number(time) or 0 for time in after)
    moments = {State.QUEUED: enqueued, State.WAITING: enqueued, State.RUNNING: began}
    return {
        "came_at": came_at(state, enqueued, queued, now),
        "last_attempted_at": began,
        "moment": moments.get(state, number(score.partition(".")[0]) or 0),
    }


def _cursor(row: Sequence[str]) -> Cursor:
    state, part, score, job_id = row[: HEAD - 1]
    return Cursor(State(state), part, score, job_id)


def _unescaped(text: str) -> str:
    """Return a JSON string without its quotes; any other text is returned unchanged."""
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text
