"""An app whose tasks no other module imports."""

from __future__ import annotations
