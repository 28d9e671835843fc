"""A small HTTP server that answers the probes of an orchestrator."""

from __future__ import annotations
