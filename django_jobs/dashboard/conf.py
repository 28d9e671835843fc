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

KINDS = {"USERNAME": str, "PASSWORD": str, "TOKEN": str, "ALLOW_HTTP": bool}
KEYS = ", ".join(KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardOptions:
    """Who may come in without an account.

    Attributes:
        username: for basic auth, or "" where there is none.
        password: for basic auth.
        token: with which machines read, or "" where there is none.
        allow_http: whether a password may come over plain HTTP outside DEBUG.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    allow_http: bool = False

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
        if not isinstance(value, KINDS[key]):
            raise ImproperlyConfigured(f"JOB_DASHBOARD[{key!r}] must be a {KINDS[key].__name__}.")
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
