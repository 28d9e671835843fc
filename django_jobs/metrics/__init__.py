"""Counting attempts, and reading what was counted."""

from __future__ import annotations
