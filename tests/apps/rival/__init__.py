"""An app that has a `runworker` of its own, as Django Channels does."""

from __future__ import annotations
