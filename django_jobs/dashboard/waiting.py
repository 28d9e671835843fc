"""What waiting jobs wait for, as visitors see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from django_jobs.jobs.limits import JobLimit, value_of
from django_jobs.jobs.records import JobRecord, State
from django_jobs.tasks.redaction.names import MASK


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
    return _slot(record.waits_for)


def _slot(limit: JobLimit) -> WaitsFor:
    """Say that a job waits for a slot of a limit; a key with a secret has no page."""
    is_hidden = MASK in limit.value
    return WaitsFor(
        text=_("Waits for a slot of the limit:"),
        name=f"{limit.name}, {limit.value}" if limit.value else limit.name,
        page="limit" if is_hidden else "limit_key",
        query={"limit": limit.id} if is_hidden else {"limit": limit.id, "key": value_of(limit.key)},
    )
