"""Checks of the installed apps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.checks import CheckMessage, Warning, register
from django.core.management import find_commands

from django_jobs.backends import our_backends

from .common import TAG, Configs

BACKPORT = "django_tasks"


@register(TAG)
def check_command_name(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W003: an earlier app has its own `runworker`, as Django Channels does."""
    for config in apps.get_app_configs():
        if config.name == "django_jobs":
            return
        if "runworker" in find_commands(str(Path(config.path) / "management")):
            yield Warning(
                f"manage.py runworker is the command of {config.name!r}, which comes before"
                " 'django_jobs' in INSTALLED_APPS.",
                hint="Start workers with manage.py jobs work, the same command, or move"
                f" 'django_jobs' before {config.name!r}.",
                id="django_jobs.W003",
            )


@register(TAG)
def check_tasks_setting(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W016: the app is installed, but `TASKS` names none of its backends, or is not there."""
    if not any(True for _ in our_backends()):
        yield Warning(
            "'django_jobs' is in INSTALLED_APPS, but TASKS names none of its backends, so another"
            " one runs the jobs.",
            hint="Add to the settings: from django_jobs.conf import tasks_from_env;"
            " TASKS = tasks_from_env()",
            id="django_jobs.W016",
        )


@register(TAG)
def check_backport(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W004: on Django 5.2, tasks work without the backport's app, but TASKS is not checked."""
    if django.VERSION < (6, 0) and not apps.is_installed(BACKPORT):
        yield Warning(
            "The backends in TASKS are not checked.",
            hint=f"Add {BACKPORT!r} to INSTALLED_APPS; Django 6.0 and newer need no app for it.",
            id="django_jobs.W004",
        )
