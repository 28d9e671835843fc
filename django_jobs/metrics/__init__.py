"""Counts of attempts, and the history read from them."""

from __future__ import annotations
