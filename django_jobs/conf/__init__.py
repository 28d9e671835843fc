"""Settings from environment variables, and the options of the backends."""

from __future__ import annotations

from .from_env import dashboard_from_env, tasks_from_env

__all__ = ["dashboard_from_env", "tasks_from_env"]
