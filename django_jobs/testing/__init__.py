"""Test helpers for sites with jobs."""

from __future__ import annotations

from .assertions import assert_enqueued, assert_not_enqueued
from .enqueued import enqueued_jobs
from .override import override_backend
from .run import run_enqueued
from .single_attempt import perform

__all__ = [
    "assert_enqueued",
    "assert_not_enqueued",
    "enqueued_jobs",
    "override_backend",
    "perform",
    "run_enqueued",
]
