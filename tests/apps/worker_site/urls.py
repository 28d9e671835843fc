"""A site that forgot to include the recap's pages."""

from __future__ import annotations

urlpatterns: list[object] = []
