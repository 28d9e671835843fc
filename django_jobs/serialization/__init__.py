"""Converts arguments and results to JSON and back."""

from __future__ import annotations
