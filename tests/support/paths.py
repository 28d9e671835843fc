"""Where the repository is."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds `django_jobs`, `tests` and `docs`."""

APPS = ROOT / "tests" / "apps"
