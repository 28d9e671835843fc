"""Timeouts of running code."""

from __future__ import annotations
