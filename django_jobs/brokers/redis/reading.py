"""Reads values in Redis that another program may have written."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from django_jobs.clock import to_ms

WHOLE = re.compile(r"-?[0-9]{1,15}")

FIRST, LAST = to_ms(datetime.min.replace(tzinfo=UTC)), to_ms(datetime.max.replace(tzinfo=UTC)) - 1
"""The instants that Python's dates know, in Unix milliseconds."""


def number(text: str) -> int | None:
    """Return a whole number that an instant may have, or None if it is something else.

    One job with broken fields must not hide the others of a listing.
    """
    value = int(text) if WHOLE.fullmatch(text) else None
    return value if value is not None and FIRST <= value <= LAST else None


def parsed(text: str) -> Any:
    """Read JSON that another program may have written; None if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
