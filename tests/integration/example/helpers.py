"""What the tests of the example site share."""

from __future__ import annotations

from typing import Any

import environ
from django.core.mail import EmailMessage, EmailMultiAlternatives

from django_jobs.conf import tasks_from_env

PASSWORD = "porridge with berries"


def tasks_from(**variables: str) -> dict[str, Any]:
    """The TASKS setting that some environment variables lead to."""
    env = environ.Env()
    env.ENVIRON = variables
    return tasks_from_env(env)


def html_of(message: EmailMessage) -> str:
    """The HTML part of a mail."""
    assert isinstance(message, EmailMultiAlternatives)
    return str(message.alternatives[0][0])
