"""An app whose periodic task has a line that never comes true."""

from __future__ import annotations
