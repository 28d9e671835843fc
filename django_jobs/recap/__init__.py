"""Recaps: one email per user and period that sums up what happened."""

from __future__ import annotations

from .content import RecapContent, RecapItem, RecapSection
from .periods import Frequency, Period

__all__ = ["Frequency", "Period", "RecapContent", "RecapItem", "RecapSection"]
