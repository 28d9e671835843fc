"""The job: one enqueued call of a task."""

from __future__ import annotations
