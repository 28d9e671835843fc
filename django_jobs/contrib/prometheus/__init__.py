"""The metrics of jobs in a registry of `prometheus_client`, next to those of the site.

Add `"django_jobs.contrib.prometheus"` to `INSTALLED_APPS`, or register a `JobsCollector` yourself.
"""

from __future__ import annotations

from .collector import JobsCollector

__all__ = ["JobsCollector"]
