"""The worker, which claims, runs and settles jobs, in a web process or in its own."""

from __future__ import annotations
