"""The system checks that `manage.py check` runs."""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import django
from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.management import find_commands
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from django_jobs.backends import RedisBackend, ThreadPoolBackend, is_persistent, our_backends
from django_jobs.brokers.base import Broker
from django_jobs.brokers.constants import BEATS
from django_jobs.compat import DEFAULT_TASK_BACKEND_ALIAS, InvalidTask
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.errors import BrokerError, InvalidSchedule
from django_jobs.mail.files import SETTING, chosen_files
from django_jobs.periodic_tasks.registry import registered_tasks
from django_jobs.tasks.registry import import_task_modules
from django_jobs.tasks.retry import Backoff

TAG = "django_jobs"
BACKPORT = "django_tasks"
LATER_MAIL = "django_jobs.mail.LaterEmailBackend"
SENDERS = "django_jobs.mail.later"
"""The module that is imported by a site that sends mail later."""
USE_REDIS = "Set JOB_BACKEND=redis and start a worker with manage.py runworker."
WITH_THREADS = (RedisBackend, ThreadPoolBackend)

Configs = Sequence[AppConfig] | None


@register(TAG, deploy=True)
def check_jobs_survive(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W001: in production, jobs are lost whenever the web process restarts."""
    for backend in our_backends():
        if not settings.DEBUG and not backend.persistent:
            yield Warning(
                f"The jobs of TASKS[{backend.alias!r}] do not outlive the process that enqueued"
                " them.",
                hint=f"{USE_REDIS} If losing jobs is acceptable here, silence this check.",
                id="django_jobs.W001",
            )


@register(TAG)
def check_periodic_tasks(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """E001: invalid declarations of tasks; W002: periodic tasks that never run."""
    try:
        import_task_modules()
    except (InvalidSchedule, InvalidTask) as error:
        yield Error(str(error), id="django_jobs.E001")
    idle: dict[str, list[str]] = defaultdict(list)
    for periodic in registered_tasks():
        # The package's own periodic tasks, such as the recap's, have their own checks.
        ours = periodic.task.module_path.startswith("django_jobs.")
        if not ours and not is_persistent(periodic.task.backend):
            idle[periodic.task.backend].append(periodic.name)
    for alias, names in idle.items():
        yield Warning(
            f"Periodic tasks do not run on TASKS[{alias!r}], which is not persistent:"
            f" {', '.join(names)}.",
            hint=USE_REDIS,
            id="django_jobs.W002",
        )


@register(TAG)
def check_backoff(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """E002: the function in `BACKOFF` cannot be imported."""
    for backend in our_backends():
        wait = backend.retry.wait
        try:
            if isinstance(wait, Backoff):
                wait.load()
        except ImportError as error:
            yield Error(f"TASKS[{backend.alias!r}]['BACKOFF']: {error}", id="django_jobs.E002")


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
def check_backport(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W004: on Django 5.2, tasks work without the backport's app, but TASKS is not checked."""
    if django.VERSION < (6, 0) and not apps.is_installed(BACKPORT):
        yield Warning(
            "The backends in TASKS are not checked.",
            hint=f"Add {BACKPORT!r} to INSTALLED_APPS; Django 6.0 and newer need no app for it.",
            id="django_jobs.W004",
        )


@register(TAG, deploy=True)
def check_brokers(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W005: the configuration of Redis endangers jobs, or Redis does not answer."""
    for backend in our_backends():
        for problem in _problems(backend.broker):
            yield Warning(f"TASKS[{backend.alias!r}]: {problem}", id="django_jobs.W005")


@register(TAG, deploy=True)
def check_lease(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W009: one slow call to Redis may cost a worker its lease, and with it its jobs."""
    for backend in our_backends():
        options = backend.configuration
        if isinstance(options, RedisOptions):
            least = options.socket_timeout / (1 - 1 / BEATS)
            if options.lease < least:
                yield Warning(
                    f"TASKS[{backend.alias!r}]: a lease of {options.lease:g} s can end while one"
                    f" heartbeat waits for Redis, which may take {options.socket_timeout:g} s"
                    " (socket_timeout). The jobs of that worker would run twice.",
                    hint=f"Set lease to {least:g} or more, or lower socket_timeout.",
                    id="django_jobs.W009",
                )


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


@register(TAG)
def check_sqlite(app_configs: Configs, **kwargs: Any) -> Iterator[CheckMessage]:
    """W007: concurrent threads that write to SQLite fail with 'database is locked'."""
    if not any(isinstance(backend, WITH_THREADS) for backend in our_backends()):
        return
    for alias in connections:
        if _locks_writers_out(connections[alias]):
            yield Warning(
                f"DATABASES[{alias!r}] is SQLite, and jobs run in several threads: two that read"
                " and then write in a transaction end with 'database is locked'.",
                hint=f'Set DATABASES[{alias!r}]["OPTIONS"] = {{"transaction_mode": "IMMEDIATE",'
                ' "timeout": 20}, so that one waits for the other.',
                id="django_jobs.W007",
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


def _locks_writers_out(connection: BaseDatabaseWrapper) -> bool:
    """Return whether SQLite refuses a reader that starts to write while another one writes."""
    mode = connection.settings_dict["OPTIONS"].get("transaction_mode") or "DEFERRED"
    return connection.vendor == "sqlite" and mode.upper() == "DEFERRED"


def _problems(broker: Broker) -> tuple[str, ...]:
    try:
        return tuple(map(str, broker.config_warnings()))
    except BrokerError as error:
        return (str(error),)


def _email_backends() -> list[str]:
    mailers = getattr(settings, "MAILERS", None)
    if mailers is not None:
        return [mailer.get("BACKEND", "") for mailer in mailers.values()]
    with warnings.catch_warnings():
        # Django 6.1 deprecates the setting; this check need not repeat that.
        warnings.simplefilter("ignore")
        return [settings.EMAIL_BACKEND]
