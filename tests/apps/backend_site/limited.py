"""Tasks with limits."""

from __future__ import annotations

import threading
from collections import Counter

from django_jobs import Limit, Rate, task
from django_jobs.errors import LimitReached

YEAR = 365 * 86_400

most_at_once: Counter[int] = Counter()
refusals: list[str] = []
_running: Counter[int] = Counter()
_lock = threading.Lock()
_pause = threading.Event()


@task(limits=Limit(1, by="customer"))
def one_at_a_time(customer: int) -> None:
    with _lock:
        _running[customer] += 1
        most_at_once[customer] = max(most_at_once[customer], _running[customer])
    _pause.wait(0.002)
    with _lock:
        _running[customer] -= 1


@task(limits=Rate(10, per=60))
def is_refused() -> str:
    """Reach a limit of somebody else's, as often as the test says."""
    if refusals:
        refusals.pop()
        raise LimitReached(0.01, reason="429")
    return "done"


UNUSABLE_NAMES = {"number": 5, "bytes": b"crm", "surrogate": "\ud800"}


@task(max_attempts=1)
def names_no_limit(kind: str) -> None:
    raise LimitReached(30, limit=UNUSABLE_NAMES[kind])  # type: ignore[arg-type]


@task(limits=[Limit(1, name="crm"), Rate(100, per=1, name="mail")])
def misspells_its_limit() -> None:
    raise LimitReached(3600, limit="crn")


@task(limits=Rate(1, per=YEAR))
def once_a_year() -> None:
    pass
