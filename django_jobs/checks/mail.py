"""Checks of mail that is sent later."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.core.exceptions import ImproperlyConfigured

from django_jobs.backends import is_persistent
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.mail.files import SETTING, chosen_files

from .common import TAG, USE_REDIS, Configs

LATER_MAIL = "django_jobs.mail.LaterEmailBackend"
SENDERS = "django_jobs.mail.later"
"""The module that is imported by a site that sends mail later."""


@register(TAG, deploy=True)
def check_later_mail(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W006: the site's mail is sent by jobs that a restart loses."""
    if LATER_MAIL in _email_backends() and not is_persistent(DEFAULT_TASK_BACKEND_ALIAS):
        yield Warning(
            "LaterEmailBackend sends mail through jobs that do not outlive the process: a restart"
            " loses waiting mail.",
            hint=USE_REDIS,
            id="django_jobs.W006",
        )


@register(TAG, deploy=True)
def check_mail_files(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W008: there is no storage for large attachments of mail that is sent later."""
    if not (
        hasattr(settings, SETTING) or LATER_MAIL in _email_backends() or SENDERS in sys.modules
    ):
        return
    try:
        chosen_files().check()
    except ImproperlyConfigured as error:
        yield Warning(str(error), id="django_jobs.W008")


def _email_backends() -> list[str]:
    mailers = getattr(settings, "MAILERS", None)
    if mailers is not None:
        return [mailer.get("BACKEND", "") for mailer in mailers.values()]
    with warnings.catch_warnings():
        # Django 6.1 deprecates the setting; this check need not repeat that.
        warnings.simplefilter("ignore")
        return [settings.EMAIL_BACKEND]
