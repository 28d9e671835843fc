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
    """Who may come in without an account.

    Attributes:
        username: for basic auth, or "" where there is none.
        password: for basic auth.
        token: with which machines read, or "" where there is none.
        allow_http: whether a password or the token may come over plain HTTP outside DEBUG.
        min_workers: how many must take jobs for `health/` to be well; None for one, or for none
            where jobs run in the web process.
        max_latency: seconds that the next job of a queue may have been waiting for it; None for
            any.
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
    """Return the setting, or what the environment says where the site has none.

    Raises:
        ImproperlyConfigured: it cannot be used; the message says why, without a secret in it.
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
            raise ImproperlyConfigured(f"JOB_DASHBOARD has no key {key!r}: it knows {KEYS}.")
        kind = KINDS[key]
        is_number = kind is int
        if not isinstance(value, kind) or (is_number and (isinstance(value, bool) or value < 0)):
            what = "whole number from 0 on" if is_number else kind.__name__
            raise ImproperlyConfigured(f"JOB_DASHBOARD[{key!r}] must be a {what}.")
    found = DashboardOptions(**{key.lower(): value for key, value in setting.items()})
    if bool(found.username) != bool(found.password):
        raise ImproperlyConfigured(
            "JOB_DASHBOARD has a USERNAME or a PASSWORD, but not both: set"
            " JOB_DASHBOARD_USERNAME as well as JOB_DASHBOARD_PASSWORD, or neither."
        )
    return found


@receiver(setting_changed)
def _read_again(*, setting: str, **_: Any) -> None:
    if setting == "JOB_DASHBOARD":
        options.cache_clear()
        THROTTLE.clear()
