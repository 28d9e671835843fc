"""Brings jobs in, and reports how they ended."""

from __future__ import annotations
