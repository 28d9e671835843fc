"""How the lock of a unique job is written in Redis."""

from __future__ import annotations

import re

from django_jobs.jobs.records import Lock, OnConflict, Until

UNTIL_LETTERS = {Until.END: "e", Until.START: "s"}
CONFLICT_LETTERS = {OnConflict.RETURN: "k", OnConflict.RAISE: "x", OnConflict.REPLACE: "r"}
_UNTIL = {letter: until for until, letter in UNTIL_LETTERS.items()}
_CONFLICT = {letter: conflict for conflict, letter in CONFLICT_LETTERS.items()}
LOCK_TEXT = re.compile(r"([^: ]+):([es])([krx])([01]):([0-9]{1,15})")
"""`digest:`, three letters and digits, `:keep_for`; `locks.lua` says what they mean."""


def to_text(lock: Lock) -> str:
    """Return what a job needs to know of its lock, as scripts take it."""
    until, conflict = UNTIL_LETTERS[lock.until], CONFLICT_LETTERS[lock.on_conflict]
    return f"{lock.digest}:{until}{conflict}{lock.after_commit:d}:{lock.keep_for}"


def to_lock(text: str) -> Lock | None:
    """Read the lock of a job; None if it has none or the text is unreadable."""
    match = LOCK_TEXT.fullmatch(text)
    if match is None:
        return None
    digest, until, conflict, after_commit, keep_for = match.groups()
    return Lock(
        digest=digest,
        until=_UNTIL[until],
        keep_for=int(keep_for),
        on_conflict=_CONFLICT[conflict],
        after_commit=after_commit == "1",
    )
