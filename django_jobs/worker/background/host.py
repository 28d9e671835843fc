"""What a process can find out about itself."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

STATM = Path("/proc/self/statm")


@cache
def own_version() -> str:
    """Return the version of django_jobs, or "" where it runs without being installed."""
    try:
        return version("django-jobs-backends")
    except PackageNotFoundError:
        return ""


def resident_memory() -> int | None:
    """Return how many bytes this process has in RAM, or None where the system doesn't tell."""
    try:
        pages = int(STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
