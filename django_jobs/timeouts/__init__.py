"""The time limits of running code."""

from __future__ import annotations
