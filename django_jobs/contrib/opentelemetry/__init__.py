"""Traces that lead from a request through `enqueue` into jobs and their retries.

Add `"django_jobs.contrib.opentelemetry"` to `INSTALLED_APPS`.
"""
