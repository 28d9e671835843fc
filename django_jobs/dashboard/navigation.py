"""The entries of the menu."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Entry:
    """A menu entry.

    Attributes:
        name: the name of its URL in `urls.py`.
        label: its text.
        icon: the name of its icon in `icons.py`.
    """

    name: str
    label: Any
    icon: str


ENTRIES = (
    Entry("overview", _("Overview"), "overview"),
    Entry("jobs", _("Jobs"), "jobs"),
    Entry("batches", _("Batches"), "batches"),
    Entry("workflows", _("Workflows"), "workflows"),
    Entry("queues", _("Queues"), "queues"),
    Entry("limits", _("Limits"), "limits"),
    Entry("workers", _("Workers"), "workers"),
    Entry("periodic", _("Periodic"), "periodic"),
    Entry("metrics", _("Metrics"), "metrics"),
)
