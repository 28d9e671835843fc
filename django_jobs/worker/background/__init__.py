"""What a worker does besides running jobs."""

from __future__ import annotations
