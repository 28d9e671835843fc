"""The system checks that `manage.py check` runs; importing a module registers its checks."""

from __future__ import annotations
