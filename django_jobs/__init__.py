"""Background jobs for Django's Tasks framework."""

from __future__ import annotations
