"""The states of jobs, workers, queues and periodic tasks as visitors see them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchState
from django_jobs.jobs.records import State

LABELS: dict[State, Any] = {
    State.RUNNING: _("Running"),
    State.QUEUED: _("Queued"),
    State.RETRYING: _("Retrying"),
    State.SCHEDULED: _("Scheduled"),
    State.WAITING: _("Waiting"),
    State.DEAD: _("Dead"),
    State.DISCARDED: _("Discarded"),
    State.SUCCEEDED: _("Succeeded"),
}
"""Headings for the states of jobs."""

BATCH_LABELS: dict[BatchState, Any] = {
    BatchState.OPEN: pgettext_lazy("state of a batch", "open"),
    BatchState.RUNNING: pgettext_lazy("state of a batch", "running"),
    BatchState.SUCCEEDED: pgettext_lazy("state of a batch", "succeeded"),
    BatchState.FAILED: pgettext_lazy("state of a batch", "failed"),
}
"""The states of batches in the order of their lives."""

EVENT_LABELS: dict[BatchEvent, Any] = {
    BatchEvent.SUCCESS: _("When all jobs have succeeded"),
    BatchEvent.END: _("When all jobs have ended"),
    BatchEvent.DEATH: _("When the first job is dead"),
}
"""When the callbacks of a batch start."""

BADGES: dict[str, tuple[str, Any]] = {
    State.SCHEDULED: ("clock", pgettext_lazy("state of a job", "scheduled")),
    State.WAITING: ("clock", pgettext_lazy("state of a job", "waiting")),
    State.QUEUED: ("queues", pgettext_lazy("state of a job", "queued")),
    State.RUNNING: ("play", pgettext_lazy("state of a job", "running")),
    State.SUCCEEDED: ("check", pgettext_lazy("state of a job", "succeeded")),
    State.RETRYING: ("retry", pgettext_lazy("state of a job", "retrying")),
    State.DEAD: ("cross", pgettext_lazy("state of a job", "dead")),
    State.DISCARDED: ("cancel", pgettext_lazy("state of a job", "discarded")),
    BatchState.OPEN: ("plus", BATCH_LABELS[BatchState.OPEN]),
    BatchState.FAILED: ("cross", BATCH_LABELS[BatchState.FAILED]),
    "cancelled": ("cancel", pgettext_lazy("state of a batch", "cancelled")),
    "working": ("play", pgettext_lazy("state of a worker", "working")),
    "quiet": ("quiet", pgettext_lazy("state of a worker", "quiet")),
    "stuck": ("alert", pgettext_lazy("state of a job", "stuck")),
    "paused": ("pause", pgettext_lazy("state of a queue", "paused")),
    "active": ("check", pgettext_lazy("state of a queue", "active")),
    "on": ("check", pgettext_lazy("state of a periodic task", "on")),
    "off": ("pause", pgettext_lazy("state of a periodic task", "off")),
}
"""For each state an icon and a word."""
