"""Runs the attempts of jobs."""

from __future__ import annotations
