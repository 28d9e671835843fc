"""Tasks: functions with the options that say how their jobs are run."""

from __future__ import annotations

from .calls import Call
from .definition import Task

__all__ = ["Call", "Task"]
