"""The loops of a worker that neither fetch nor run jobs: heartbeat and periodic tasks."""

from __future__ import annotations
