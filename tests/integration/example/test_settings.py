"""The settings of the site in each environment."""

from __future__ import annotations

import runpy
import secrets
from pathlib import Path
from typing import Any

import django
import pytest
from django.core.exceptions import ImproperlyConfigured

from example import common

SETTINGS = Path(common.__file__).with_name("settings.py")
PRODUCTION = {"SECRET_KEY": secrets.token_urlsafe(50), "SITE_URL": "https://feedback.example.com"}


VARIABLES = (
    "DEBUG",
    "SECRET_KEY",
    "SITE_URL",
    "DATABASE_URL",
    "EMAIL_URL",
    "PORT",
    "REDIS_PASSWORD",
    "JOB_DASHBOARD_PASSWORD",
    "JOB_DASHBOARD_TOKEN",
)


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads the settings with some variables set: `load(DEBUG="1")`."""

    def run(**variables: str) -> dict[str, Any]:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return run


def test_a_development_site_needs_nothing_but_debug(load: Any) -> None:
    settings = load(DEBUG="1", PORT="8123")
    assert settings["SITE_URL"] == "http://127.0.0.1:8123"
    assert settings["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert settings["SHOW_SENT_MAILS"] is True


@pytest.mark.parametrize("missing", ["SECRET_KEY", "SITE_URL"])
def test_what_is_missing_in_production_is_named(load: Any, missing: str) -> None:
    variables = {name: value for name, value in PRODUCTION.items() if name != missing}
    with pytest.raises(ImproperlyConfigured, match=f"{missing} is not set"):
        load(**variables)


@pytest.mark.parametrize(
    "key",
    [
        *("change-me", "changeme", "secret", "x" * 50, "only-for-development", "s3cret" * 5),
        *("change-me-to-a-long-random-value-please!", "your-secret-key-of-fifty-letters-or-more"),
        *("django-insecure-4$h2k1j&d8s#0s9d8f7g6h5j4k3l2", "<a long random value goes in here>"),
    ],
)
def test_a_placeholder_is_no_secret_key(load: Any, key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is a placeholder or too short"):
        load(**PRODUCTION | {"SECRET_KEY": key})
    assert load(DEBUG="1", SECRET_KEY=key)["SECRET_KEY"] == key


@pytest.mark.parametrize("password", ["change-me", "CHANGE_ME", "password", "changeit"])
def test_a_placeholder_is_no_password(load: Any, password: str) -> None:
    for name in ("REDIS_PASSWORD", "JOB_DASHBOARD_PASSWORD", "JOB_DASHBOARD_TOKEN"):
        with pytest.raises(ImproperlyConfigured, match=f"in {name} is a placeholder"):
            load(**PRODUCTION | {name: password})
    with pytest.raises(ImproperlyConfigured, match="in DATABASE_URL is a placeholder") as caught:
        load(DATABASE_URL=f"postgres://ada:{password}@db:5432/larder", **PRODUCTION)
    assert password not in str(caught.value).partition("placeholder")[0].removeprefix("The secret")


def test_production_is_closed_by_default(load: Any) -> None:
    settings = load(**PRODUCTION)
    assert settings["DEBUG"] is False
    assert settings["ALLOWED_HOSTS"] == ["feedback.example.com"]
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://feedback.example.com"]
    assert settings["SESSION_COOKIE_SECURE"] is settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_HSTS_SECONDS"] > 0
    assert settings["SHOW_SENT_MAILS"] is False
    assert settings["MIDDLEWARE"][1] == "whitenoise.middleware.WhiteNoiseMiddleware"


def test_postgresql_comes_by_database_url(load: Any) -> None:
    settings = load(DATABASE_URL="postgres://ada:s3cret@db:5432/larder", **PRODUCTION)
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert settings["DATABASES"]["default"]["CONN_HEALTH_CHECKS"] is True


def test_mail_goes_where_email_url_says(load: Any) -> None:
    settings = load(EMAIL_URL="smtp+tls://ada:secret@mail.example.com:587", **PRODUCTION)
    if django.VERSION >= (6, 1):
        assert settings["MAILERS"]["default"]["OPTIONS"] == {
            "host": "mail.example.com",
            "port": 587,
            "username": "ada",
            "password": "secret",
            "use_tls": True,
        }
    else:
        assert settings["EMAIL_HOST"] == "mail.example.com"
        assert settings["EMAIL_USE_TLS"] is True
