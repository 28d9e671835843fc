"""Helpers for the tests of sites that have jobs."""

from __future__ import annotations

from .assertions import assert_enqueued, assert_not_enqueued
from .enqueued import enqueued_jobs
from .override import override_backend
from .perform import perform
from .run import run_enqueued

__all__ = [
    "assert_enqueued",
    "assert_not_enqueued",
    "enqueued_jobs",
    "override_backend",
    "perform",
    "run_enqueued",
]
