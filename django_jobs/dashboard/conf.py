"""The `JOB_DASHBOARD` setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

from django_jobs.conf import dashboard_from_env

from .throttle import THROTTLE

KINDS: dict[str, Any] = {
    **dict.fromkeys(("USERNAME", "PASSWORD", "TOKEN"), str),
    "ALLOW_HTTP": bool,
    **dict.fromkeys(("MIN_WORKERS", "MAX_LATENCY"), int),
}
KEYS = ", ".join(KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardOptions:
    """Access without an account, and thresholds of the health check.

    Attributes:
        username: for basic auth; "" disables it.
        password: for basic auth.
        token: for the API; "" disables it.
        allow_http: whether to accept the password and token over plain HTTP outside DEBUG.
        min_workers: how many workers must take jobs for `health/` to be healthy; None for one,
            or for zero if jobs run in the web process.
        max_latency: seconds that the next job of a queue may have waited for `health/` to be
            healthy; None for no limit.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    allow_http: bool = False
    min_workers: int | None = None
    max_latency: int | None = None

    @property
    def has_basic_auth(self) -> bool:
        return bool(self.username and self.password)


@cache
def options() -> DashboardOptions:
    """Return the setting, or the environment's values if the site has no setting.

    Raises:
        ImproperlyConfigured: the setting is invalid. The message contains no secret.
    """
    setting: Any = getattr(settings, "JOB_DASHBOARD", None)
    if setting is None:
        setting = dashboard_from_env()
    if not isinstance(setting, Mapping):
        raise ImproperlyConfigured(
            f"JOB_DASHBOARD must be a dict with the keys {KEYS}, not a {type(setting).__name__}."
        )
    for key, value in setting.items():
        if key not in KINDS:
            raise ImproperlyConfigured(f"JOB_DASHBOARD has no key {key!r}. Its keys are {KEYS}.")
        kind = KINDS[key]
        is_number = kind is int
        if not isinstance(value, kind) or (is_number and (isinstance(value, bool) or value < 0)):
            what = "whole number, 0 or more" if is_number else kind.__name__
            raise ImproperlyConfigured(f"JOB_DASHBOARD[{key!r}] must be a {what}.")
    found = DashboardOptions(**{key.lower(): value for key, value in setting.items()})
    if bool(found.username) != bool(found.password):
        raise ImproperlyConfigured(
            "JOB_DASHBOARD has only one of USERNAME and PASSWORD. Set both"
            " JOB_DASHBOARD_USERNAME and JOB_DASHBOARD_PASSWORD, or neither."
        )
    return found


@receiver(setting_changed)
def _read_again(*, setting: str, **_: Any) -> None:
    if setting == "JOB_DASHBOARD":
        options.cache_clear()
        THROTTLE.clear()
