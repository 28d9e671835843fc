"""The settings of the worker processes that the disasters befall."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from django_jobs import Retry

# What a process is made to suffer stands in variables, and begins before Django does.
if output := os.environ.get("CHAOS_OUTPUT"):
    for standard in (1, 2):
        os.dup2(os.open(output, os.O_WRONLY), standard)

if shift := int(os.environ.get("CHAOS_CLOCK_SHIFT", "0")):
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + shift
    time.time_ns = lambda: right_ns() + shift * 1_000_000_000
    right_now = timezone.now
    timezone.now = lambda: right_now() + timedelta(seconds=shift)

from tests.apps.worker_site.settings import *  # noqa: F403
from tests.apps.worker_site.settings import QUEUES

# Django would write a warning to an output that is full.
SILENCED_SYSTEM_CHECKS = ["django_jobs.W004"]

# Retries that take no longer than a test may.
OPTIONS: Any = {
    "retry": Retry(attempts=int(os.environ.get("CHAOS_ATTEMPTS", "200")), wait=0.1, jitter=0.1),
    **json.loads(os.environ["WORKER_OPTIONS"]),
}
TASKS = {
    "default": {
        "BACKEND": "django_jobs.backends.RedisBackend",
        "QUEUES": QUEUES,
        "OPTIONS": OPTIONS,
    }
}
