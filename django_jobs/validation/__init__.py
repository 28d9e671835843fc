"""The values that options and arguments may have."""

from __future__ import annotations
