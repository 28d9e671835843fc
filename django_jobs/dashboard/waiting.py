"""What waiting jobs wait for, as visitors see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from django_jobs.jobs.awaited import AwaitedAttempt, AwaitedEvent, AwaitedNodes, BatchEvent
from django_jobs.jobs.limits import JobLimit, value_of
from django_jobs.jobs.records import JobRecord, State
from django_jobs.tasks.redaction.names import MASK

EVENTS: dict[BatchEvent, Any] = {
    BatchEvent.SUCCESS: _("Waits for the success of a batch:"),
    BatchEvent.END: _("Waits for the end of a batch:"),
    BatchEvent.DEATH: _("Waits for the first dead job of a batch:"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitsFor:
    """What a job waits for.

    Attributes:
        text: a translated sentence, which the name completes.
        name: of what it waits for.
        page: the name of the URL of the page that shows it.
        query: the parameters of that URL.
    """

    text: Any
    name: str
    page: str
    query: Mapping[str, str]


def waits_for(record: JobRecord) -> WaitsFor | None:
    """Return what a job waits for, or None if it does not wait for others."""
    if record.state is not State.WAITING or record.waits_for is None:
        return None
    match record.waits_for:
        case AwaitedEvent():
            return _event(record.waits_for)
        case AwaitedNodes():
            return _nodes(record.waits_for)
        case AwaitedAttempt():
            return WaitsFor(
                text=_("Waits for the success of the job that adds it:"),
                name=record.waits_for.node,
                page="job",
                query={"id": record.waits_for.node},
            )
        case JobLimit():
            return _slot(record.waits_for)


def _event(awaited: AwaitedEvent) -> WaitsFor:
    """Say that a callback waits for an event of its batch."""
    return WaitsFor(
        text=EVENTS[awaited.event], name=awaited.batch, page="batch", query={"id": awaited.batch}
    )


def _nodes(awaited: AwaitedNodes) -> WaitsFor:
    """Say that a node waits for others, which the page of the workflow shows."""
    text = ngettext_lazy(
        "Waits for %(number)s other job of the workflow:",
        "Waits for %(number)s other jobs of the workflow:",
        awaited.number,
    )
    return WaitsFor(
        text=text % {"number": awaited.number},
        name=awaited.workflow,
        page="workflow",
        query={"id": awaited.workflow},
    )


def _slot(limit: JobLimit) -> WaitsFor:
    """Say that a job waits for a slot of a limit; a key with a secret has no page."""
    is_hidden = MASK in limit.value
    return WaitsFor(
        text=_("Waits for a slot of the limit:"),
        name=f"{limit.name}, {limit.value}" if limit.value else limit.name,
        page="limit" if is_hidden else "limit_key",
        query={"limit": limit.id} if is_hidden else {"limit": limit.id, "key": value_of(limit.key)},
    )
