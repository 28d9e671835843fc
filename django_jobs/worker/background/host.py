"""Facts about the current process."""

from __future__ import annotations

import os
import re
import secrets
import socket
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
    """Return the bytes that this process has in RAM, or None where the system does not say."""
    try:
        pages = int(STATM.read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def new_worker_id() -> str:
    """Return an id that says where the worker runs, and that is new with each start."""
    host = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40]
    return f"{host}:{os.getpid()}:{secrets.token_hex(3)}"
