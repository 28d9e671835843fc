"""Test helpers for sites with jobs."""

from __future__ import annotations

from .assertions import assert_enqueued, assert_not_enqueued
from .batches import assert_batch_enqueued, assert_batch_failed, assert_batch_succeeded
from .enqueued import enqueued_jobs
from .outcomes import assert_dead, assert_discarded, assert_succeeded
from .override import override_backend
from .run import run_enqueued
from .single_attempt import perform
from .workflows import (
    assert_workflow_enqueued,
    assert_workflow_failed,
    assert_workflow_succeeded,
)

__all__ = [
    "assert_batch_enqueued",
    "assert_batch_failed",
    "assert_batch_succeeded",
    "assert_dead",
    "assert_discarded",
    "assert_enqueued",
    "assert_not_enqueued",
    "assert_succeeded",
    "assert_workflow_enqueued",
    "assert_workflow_failed",
    "assert_workflow_succeeded",
    "enqueued_jobs",
    "override_backend",
    "perform",
    "run_enqueued",
]
