"""The read side of a broker."""

from __future__ import annotations
