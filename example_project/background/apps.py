"""The app that shows background work to the person who caused it."""

from __future__ import annotations

from django.apps import AppConfig


class BackgroundConfig(AppConfig):
    name = "background"
