"""An app whose tasks cannot be imported, as in a broken deploy."""

from __future__ import annotations
