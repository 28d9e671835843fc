"""The settings of the same site with a backend for each Redis that BENCH_URLS names."""

from __future__ import annotations

import os

from benchmarks.site.settings import *  # noqa: F403

URLS = os.environ.get("BENCH_URLS", "").split()
ALIASES = ["default", *(f"server{number}" for number in range(2, len(URLS) + 1))]
TASKS = {
    alias: {"BACKEND": "django_jobs.backends.RedisBackend", "QUEUES": [], "OPTIONS": {"url": url}}
    for alias, url in zip(ALIASES, URLS, strict=True)
}
