"""Mail that is sent by a job: at once or later, again where the server was down."""

from __future__ import annotations

from django_jobs.mail.attachments import clean_attachments
from django_jobs.mail.backend import LaterEmailBackend
from django_jobs.mail.later import send_later, send_mail_later

__all__ = ["LaterEmailBackend", "clean_attachments", "send_later", "send_mail_later"]
