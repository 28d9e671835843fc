"""The mail settings, for the installed version of Django."""

from __future__ import annotations

from typing import Any

import django
import environ

DATABASE_BACKEND = "sent_mails.backend.DatabaseBackend"
OPTION_OF_SETTING = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
}


def mail_settings(env: environ.Env, *, keep_sent_mails: bool) -> dict[str, Any]:
    """Return the mail settings that `EMAIL_URL` asks for.

    Args:
        env: has `EMAIL_URL`, such as `smtp+tls://user:password@mail.example.com:587`.
        keep_sent_mails: whether to store mails instead of sending them if `EMAIL_URL` is not set.

    Returns:
        Names and values for the settings module: `MAILERS` from Django 6.1 on, `EMAIL_…` before.
    """
    if "EMAIL_URL" not in env.ENVIRON and keep_sent_mails:
        return _for_this_django({"EMAIL_BACKEND": DATABASE_BACKEND})
    return _for_this_django(env.email_url("EMAIL_URL", default="smtp://localhost:25"))


def _for_this_django(wanted: dict[str, Any]) -> dict[str, Any]:
    if django.VERSION < (6, 1):
        return {name: value for name, value in wanted.items() if name.startswith("EMAIL_")}
    options = {
        option: wanted[setting]
        for setting, option in OPTION_OF_SETTING.items()
        if wanted.get(setting) is not None
    }
    if not wanted["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        options = {}
    return {"MAILERS": {"default": {"BACKEND": wanted["EMAIL_BACKEND"], "OPTIONS": options}}}
