"""What the values of options and arguments may be."""

from __future__ import annotations
