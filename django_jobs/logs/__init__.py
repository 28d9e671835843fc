"""Log records with the job that they come from: a filter and formatters for `LOGGING`."""

from __future__ import annotations

from .fields import JobFields
from .formatters import JSONFormatter, TextFormatter

__all__ = ["JSONFormatter", "JobFields", "TextFormatter"]
