"""One call of `reserve` by a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django_jobs.brokers.base import Share
from django_jobs.brokers.lane import Lane
from django_jobs.job import Settlement


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, kept until it is answered: it may be sent again as it is.

    Attributes:
        last_look: if the worker is to stop should it bring nothing: how many settlements apart had
            been answered before. None of a call beside which another one was under way.
    """

    lane: Lane
    call: int
    shares: Sequence[Share]
    limit: int
    settlements: Sequence[Settlement]
    last_look: int | None
