"""A task whose parameters have names to be shown, and a secret."""

from __future__ import annotations

from django_jobs import task


@task(redact=("door",))
def unpack(parcel: str, door: str) -> None:
    """Nobody runs it."""
