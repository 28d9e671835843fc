"""The app for sent mails."""

from __future__ import annotations

from django.apps import AppConfig


class SentMailsConfig(AppConfig):
    name = "sent_mails"
    verbose_name = "Sent mails"
