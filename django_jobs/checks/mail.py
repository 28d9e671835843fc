"""Checks of mail that is sent later."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

from django_jobs.backends import is_persistent
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS
from django_jobs.mail.backend import LaterEmailBackend
from django_jobs.mail.files import SETTING, chosen_files

from .common import TAG, USE_REDIS, Configs

LATER_MAIL = "django_jobs.mail.LaterEmailBackend"
SENDERS = "django_jobs.mail.later"
"""The module that is imported by a site that sends mail later."""


@dataclass(frozen=True, slots=True)
class Mailer:
    """An email backend of the site.

    Attributes:
        path: of its class.
        alias: in `MAILERS`; None if it is the `EMAIL_BACKEND`.
        options: what its class is called with.
    """

    path: str
    alias: str | None = None
    options: dict[str, Any] = field(default_factory=dict)


@register(TAG)
def check_senders(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """E003: the first mail that is sent later would raise an error."""
    for mailer in _later_mailers():
        try:
            LaterEmailBackend(alias=mailer.alias, **mailer.options)
        except ImproperlyConfigured as error:
            yield Error(str(error), id="django_jobs.E003")


@register(TAG, deploy=True)
def check_later_mail(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W006: the site's mail is sent by jobs that a restart loses."""
    if any(_later_mailers()) and not is_persistent(DEFAULT_TASK_BACKEND_ALIAS):
        yield Warning(
            "LaterEmailBackend sends mail through jobs that do not outlive the process: a restart"
            " loses waiting mail.",
            hint=USE_REDIS,
            id="django_jobs.W006",
        )


@register(TAG, deploy=True)
def check_mail_files(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W008: there is no storage for large attachments of mail that is sent later."""
    if not (hasattr(settings, SETTING) or any(_later_mailers()) or SENDERS in sys.modules):
        return
    try:
        chosen_files().check()
    except ImproperlyConfigured as error:
        yield Warning(str(error), id="django_jobs.W008")


def _later_mailers() -> Iterator[Mailer]:
    return (mailer for mailer in _mailers() if mailer.path == LATER_MAIL)


def _mailers() -> Iterator[Mailer]:
    mailers = getattr(settings, "MAILERS", None)
    if mailers is not None:
        for alias, mailer in mailers.items():
            yield Mailer(mailer.get("BACKEND", ""), alias, mailer.get("OPTIONS", {}))
        return
    with warnings.catch_warnings():
        # Django 6.1 deprecates the setting; this check need not repeat that.
        warnings.simplefilter("ignore")
        path = settings.EMAIL_BACKEND
    yield Mailer(path)
