"""Which jobs an address asks for: the filters of the list of jobs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext_lazy as _

from django_jobs.brokers.inspection.base import Repair
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
    "id": _("ID"),
    "since": _("Time from"),
    "until": _("Time to"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilters:
    """The filters as a form shows them: what is "" is not asked for.

    Attributes:
        state: name of a state.
        since: a minute as browsers write it, in the site's time zone.
        until: the same; all of this minute counts.
    """

    state: str = ""
    queue: str = ""
    task: str = ""
    error: str = ""
    text: str = ""
    id: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> JobFilters:
        """Read the filters; what is nonsense is left out."""
        given = {field.name: parameters.text(query, field.name) for field in fields(cls)}
        given["state"] = parameters.choice(query, "state", [*State], "")
        for name in ("since", "until"):
            given[name] = given[name] if _instant(given[name]) else ""
        return cls(**given)

    @property
    def query(self) -> dict[str, str]:
        """What of an address asks for the same."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value}

    @property
    def details(self) -> dict[str, str]:
        """The same without the state."""
        return {name: value for name, value in self.query.items() if name != "state"}

    @property
    def labelled(self) -> list[tuple[str, str]]:
        """The filters in use, each as a label and a value for visitors."""
        shown = {**self.query, **({"state": LABELS[State(self.state)]} if self.state else {})}
        return [(str(FILTER_LABELS[name]), str(value)) for name, value in shown.items()]

    @property
    def states(self) -> tuple[State, ...]:
        return (State(self.state),) if self.state else LISTED

    def filter(self, repair: Repair | None = None, as_of: int | None = None) -> Filter:
        """Return what is asked of the broker.

        Args:
            repair: leaves out the states in which it can't be done.
            as_of: see `Filter`.
        """
        since, until = _instant(self.since), _instant(self.until)
        return Filter(
            states=tuple(state for state in self.states if not repair or state in repair.states),
            queue=self.queue or None,
            task=self.task or None,
            error=self.error or None,
            text=self.text or None,
            id=self.id or None,
            since=to_ms(since) if since else None,
            until=to_ms(until + MINUTE) - 1 if until else None,
            as_of=as_of,
        )

    def with_state(self, state: str) -> dict[str, Any]:
        """Return the parameters of the same list in another state, or in all for ""."""
        return {**self.details, "state": state}


def _instant(text: str) -> datetime | None:
    """Read a minute, if it is one that every clock knows."""
    try:
        naive = parse_datetime(text)
        if naive is None or not is_naive(naive) or not 1970 <= naive.year <= 9000:
            return None
        return make_aware(naive)
    except (ValueError, OverflowError):
        return None
