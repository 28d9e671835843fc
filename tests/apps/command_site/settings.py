"""The settings of commands that tests start as processes of their own."""

from __future__ import annotations

from tempfile import gettempdir

from django_jobs.conf import tasks_from_env
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS as APPS

INSTALLED_APPS = [*APPS, "tests.apps.command_site"]
TASKS = tasks_from_env()
MEDIA_ROOT = gettempdir()  # so that no check warns; nothing is written there
