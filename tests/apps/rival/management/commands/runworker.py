"""The other `runworker`."""

from __future__ import annotations

from django.core.management import BaseCommand


class Command(BaseCommand):
    """Does nothing: only its name matters."""
