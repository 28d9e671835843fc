"""What the system checks share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from django.apps import AppConfig

from django_jobs.backends import RedisBackend, ThreadPoolBackend

TAG = "django_jobs"
USE_REDIS = "Set JOB_BACKEND=redis and start a worker with manage.py runworker."
WITH_THREADS = (RedisBackend, ThreadPoolBackend)
"""The backends that run jobs in threads."""

Configs: TypeAlias = "Sequence[AppConfig] | None"
