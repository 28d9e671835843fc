"""Stored mails."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import ClassVar

from django.db import models


class SentMail(models.Model):
    """A mail that was stored instead of sent.

    It is in the database because the worker that sends it and the web process that shows it are
    different processes.
    """

    subject = models.CharField(max_length=998)
    recipients = models.TextField()
    raw = models.BinaryField()
    sent_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager[SentMail]] = models.Manager()

    class Meta:
        ordering = ("-sent_at", "-pk")

    def __str__(self) -> str:
        return self.subject

    def parsed(self) -> EmailMessage:
        """Return the mail as a message."""
        return message_from_bytes(bytes(self.raw), policy=policy.default)

    def body(self, kind: str) -> str:
        """Return the part that a mail program would show.

        Args:
            kind: "plain" or "html".

        Returns:
            The text, or an empty string if the mail has no such part.
        """
        part = self.parsed().get_body((kind,))
        return part.get_content() if part is not None else ""
