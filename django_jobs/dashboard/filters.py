"""The filters of the job list, as URL parameters and as a form."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext_lazy as _

from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import LISTED, Filter
from django_jobs.clock import to_ms
from django_jobs.jobs.records import State

from . import parameters
from .states import LABELS

MINUTE = timedelta(minutes=1)

FILTER_LABELS = {
    "state": _("State"),
    "queue": _("Queue"),
    "task": _("Task"),
    "error": _("Error"),
    "text": _("Arguments contain"),
    "batch": _("Batch or workflow"),
    "id": _("ID"),
    "since": _("Time from"),
    "until": _("Time to"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilters:
    """The filters as text, as a form shows them; an empty one is not applied.

    Attributes:
        state: the name of a state.
        since: a minute, in the format of a `datetime-local` input and the site's time zone.
        until: the same; the whole minute is included.
    """

    state: str = ""
    queue: str = ""
    task: str = ""
    error: str = ""
    text: str = ""
    batch: str = ""
    id: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> JobFilters:
        """Read the filters, and ignore invalid ones."""
        given = {field.name: parameters.text(query, field.name) for field in fields(cls)}
        given["state"] = parameters.choice(query, "state", [*State], "")
        for name in ("since", "until"):
            given[name] = given[name] if _instant(given[name]) else ""
        return cls(**given)

    @property
    def query(self) -> dict[str, str]:
        """The URL parameters of these filters."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value}

    @property
    def details(self) -> dict[str, str]:
        """The URL parameters without the state."""
        return {name: value for name, value in self.query.items() if name != "state"}

    @property
    def labelled(self) -> list[tuple[str, str]]:
        """The filters in use, each as a label and a value for visitors."""
        shown = {**self.query, **({"state": LABELS[State(self.state)]} if self.state else {})}
        return [(str(FILTER_LABELS[name]), str(value)) for name, value in shown.items()]

    @property
    def states(self) -> tuple[State, ...]:
        return (State(self.state),) if self.state else LISTED

    def filter(self, action: JobAction | None = None, as_of: int | None = None) -> Filter:
        """Return the filter for the broker.

        Args:
            action: excludes jobs in states that do not permit it.
            as_of: see `Filter`.
        """
        since, until = _instant(self.since), _instant(self.until)
        return Filter(
            states=tuple(state for state in self.states if not action or state in action.states),
            queue=self.queue or None,
            task=self.task or None,
            error=self.error or None,
            text=self.text or None,
            batch=self.batch or None,
            id=self.id or None,
            since=to_ms(since) if since else None,
            until=to_ms(until + MINUTE) - 1 if until else None,
            as_of=as_of,
        )

    def with_state(self, state: str) -> dict[str, Any]:
        """Return the URL parameters with another state; "" selects all states."""
        return {**self.details, "state": state}


def _instant(text: str) -> datetime | None:
    """Read a minute, or return None if it is not a valid time."""
    try:
        naive = parse_datetime(text)
        if naive is None or not is_naive(naive) or not 1970 <= naive.year <= 9000:
            return None
        return make_aware(naive)
    except (ValueError, OverflowError):
        return None
